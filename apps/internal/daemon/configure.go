package daemon

import (
	"errors"
	"fmt"
	"os"

	"go.uber.org/zap"

	"virtree.dev/apps/internal/release"
	"virtree.dev/config/daemonconf"
	"virtree.dev/config/paths"
	"virtree.dev/internal/audit"
	"virtree.dev/internal/logging"
	"virtree.dev/internal/sys"
	"virtree.dev/internal/tlscert"
	"virtree.dev/protocol/xml/uuid"
	"virtree.dev/supervisor/freeze"
	"virtree.dev/systemd/activation"
)

// setup is everything that is decided before a process of the tree starts.
type setup struct {
	spec     Spec
	options  *options
	dirs     paths.Dirs
	settings Settings
	config   *daemonconf.Config // of settings
	log      *logging.Log
	logger   *zap.Logger
	hostUUID uuid.UUID
	pidPath  string
	sockets  paths.Sockets
	tls      *tlscert.Store // nil as long as no socket needs it
	program  string         // what takes over on SIGUSR1
	box      *freeze.Box    // from the former program; nil where there was none
	kept     kept
	audit    *audit.Trail
	signals  chan os.Signal
	handed   *activation.Sockets // by systemd
	foreign  bool                // that was libvirt's own
	notes    []string            // on what of it could not be taken over

	written     struct{ outputs, filters string } // what the log was set up with
	liveTimeout *uint32                           // of the former program, in the place of --timeout
}

func newSetup(s Spec, o *options) *setup {
	log := logging.New(release.Version)
	return &setup{spec: s, options: o, dirs: paths.Current(), log: log, logger: log.Logger("daemon." + s.Name)}
}

// configure reads all that an administrator wrote, and gives notes on what is
// of no use. Its errors are worded for the log and end the daemon with exit code 1.
func (s *setup) configure() (notes []string, err error) {
	if err := (logging.Setup{Getenv: os.Getenv}).ApplyEnvironment(s.log); err != nil {
		return nil, &logSetupError{err}
	}
	if notes, err = s.loadConfig(); err != nil {
		return nil, err
	}
	if s.hostUUID, err = hostUUID(s.config); err != nil {
		s.logger.Error(err.Error())
		return nil, errors.New("Can't setup host uuid")
	}
	if err := s.setupLog(); err != nil {
		return nil, &logSetupError{err}
	}
	s.thawLive()
	if err := s.checkAccessDrivers(); err != nil {
		s.logger.Error(err.Error())
		return nil, errors.New("Can't initialize access manager")
	}
	return notes, s.choosePaths()
}

// choosePaths decides where the pid file and the sockets are. A session
// daemon's own folder has to be there before either.
func (s *setup) choosePaths() error {
	s.pidPath = s.options.pidFile
	if s.pidPath == "" {
		s.pidPath = s.dirs.PIDFile(s.spec.Name)
		if err := s.makeSessionDir(); err != nil {
			s.logger.Error(err.Error())
			return errors.New("Can't determine pid file path.")
		}
	}
	s.sockets = s.dirs.Sockets(s.spec.SocketPrefix, s.config.UnixSockDir)
	if s.config.UnixSockDir == "" && s.makeSessionDir() != nil {
		return errors.New("Can't determine socket paths")
	}
	return nil
}

func (s *setup) makeSessionDir() error {
	if s.dirs.Privileged {
		return nil
	}
	if err := os.MkdirAll(s.dirs.Run, 0o700); err != nil {
		return fmt.Errorf("Cannot create user runtime directory '%s': %w", s.dirs.Run, sys.Errno(err))
	}
	return nil
}

// configFile is where the settings are; one that nobody named may be missing.
func (s *setup) configFile() (path string, implicit bool) {
	if s.options.config != "" {
		return s.options.config, false
	}
	return s.dirs.ConfigFile(s.spec.Name), true
}

func (s *setup) loadConfig() ([]string, error) {
	s.settings = s.spec.Settings(s.dirs.Privileged)
	s.config = s.settings.Daemon()
	path, implicit := s.configFile()
	notes, err := s.settings.LoadFile(path, implicit)
	if err != nil {
		s.report(err)
		return nil, fmt.Errorf("Can't load config file: %w: %s", err, path)
	}
	return notes, nil
}

// report logs an error that another one will name once more; as in libvirt,
// only where somebody asked for a log already.
func (s *setup) report(err error) {
	if s.log.NumOutputs() > 0 {
		s.logger.Error(err.Error())
	}
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
		Privileged: s.dirs.Privileged,
		File:       s.dirs.LogFile(s.spec.Name),
		Getenv:     os.Getenv,
	}.Apply(s.log)
}

// accessPolkit is the access driver that asks; "none" allows everything.
const accessPolkit = "polkit"

func (s *setup) checkAccessDrivers() error {
	for _, name := range s.config.AccessDrivers {
		if name != "none" && name != accessPolkit {
			return fmt.Errorf("internal error: Cannot find security driver '%s'", name)
		}
	}
	return nil
}
