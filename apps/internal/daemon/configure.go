package daemon

import (
	"errors"
	"fmt"
	"os"
	"time"

	"go.uber.org/zap"

	"virtree.dev/config/daemonconf"
	"virtree.dev/config/paths"
	"virtree.dev/internal/logging"
	"virtree.dev/protocol/xml/uuid"
)

// setup is everything that is decided before a process of the tree starts.
type setup struct {
	spec     Spec
	options  *options
	dirs     paths.Dirs
	config   *daemonconf.Config
	log      *logging.Log
	logger   *zap.Logger
	hostUUID uuid.UUID
	timeout  time.Duration // 0: stay for ever
	pidPath  string
	sockets  paths.Sockets
}

func newSetup(s Spec, o *options) *setup {
	log := logging.New(Version)
	return &setup{spec: s, options: o, dirs: paths.Current(), log: log, logger: log.Logger("daemon")}
}

// configure reads all that an administrator wrote. Its errors are worded for
// the log and end the daemon with exit code 1.
func (s *setup) configure() error {
	seconds, err := s.options.seconds()
	if err != nil {
		return err
	}
	s.timeout = time.Duration(seconds) * time.Second
	notes, err := s.loadConfig()
	if err != nil {
		return err
	}
	if s.hostUUID, err = hostUUID(s.config); err != nil {
		s.logger.Error(err.Error())
		return errors.New("Can't setup host uuid")
	}
	if err := s.setupLog(); err != nil {
		return &logSetupError{err}
	}
	for _, n := range notes {
		s.logger.Warn(n)
	}
	if err := s.checkAccessDrivers(); err != nil {
		s.logger.Error(err.Error())
		return errors.New("Can't initialize access manager")
	}
	s.pidPath = s.options.pidFile
	if s.pidPath == "" {
		s.pidPath = s.dirs.PIDFile(s.spec.Name)
	}
	s.sockets = s.dirs.Sockets(s.spec.SocketPrefix, s.config.UnixSockDir)
	return nil
}

func (s *setup) loadConfig() ([]string, error) {
	s.config = daemonconf.New(s.dirs.Privileged)
	path, implicit := s.options.config, s.options.config == ""
	if implicit {
		path = s.dirs.ConfigFile(s.spec.Name)
	}
	notes, err := s.config.LoadFile(path, implicit)
	if err != nil {
		return nil, fmt.Errorf("Can't load config file: %w: %s", err, path)
	}
	return notes, nil
}

// logSetupError is shown on stderr, for there is no log yet that could take it.
type logSetupError struct{ err error }

func (e *logSetupError) Error() string { return "libvirt:  error : " + e.err.Error() }
func (e *logSetupError) Unwrap() error { return e.err }

func (s *setup) setupLog() error {
	return logging.Setup{
		Level:      s.config.LogLevel,
		Filters:    s.config.LogFilters,
		Outputs:    s.config.LogOutputs,
		Verbose:    s.options.verbose,
		Background: s.options.background,
		File:       s.dirs.LogFile(s.spec.Name),
		Getenv:     os.Getenv,
	}.Apply(s.log)
}

func (s *setup) checkAccessDrivers() error {
	for _, name := range s.config.AccessDrivers {
		if name != "none" {
			return fmt.Errorf("internal error: Cannot find security driver '%s'", name)
		}
	}
	return nil
}
