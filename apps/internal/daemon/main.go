package daemon

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"go.uber.org/zap"

	"virtree.dev/actors/rpc"
	"virtree.dev/apps/internal/release"
	"virtree.dev/internal/audit"
	"virtree.dev/internal/pidfile"
	"virtree.dev/internal/sys"
	"virtree.dev/supervisor/freeze"
	"virtree.dev/supervisor/keep/keeper"
	"virtree.dev/systemd/notify"
)

// firstInherited is the first descriptor beside the standard ones.
const firstInherited = 3

// Main runs a daemon to its end and gives its exit code.
func Main(spec Spec) int {
	keeper.Run()
	if os.Getenv(freeze.AskVariable) != "" {
		return exitCode(freeze.Known(os.Stdout))
	}
	_ = sys.CloseAllOnExec(firstInherited) // an old kernel cannot
	parent := takeParentStatus()
	o, err := parseOptions(os.Args[1:], spec.Listen)
	if code, done := spec.answer(o, err); done {
		return code
	}
	s := newSetup(spec, o)
	if err := s.inherit(); err != nil {
		s.complain(err)
		return exitFailure
	}
	forks := o.background && parent == nil && s.box == nil
	notes, err := s.configure()
	if err != nil {
		s.complain(err)
		return exitFailure
	}
	if forks {
		return forkIntoBackground(os.Args[0], os.Stderr)
	}
	for _, n := range append(s.notes, notes...) {
		s.logger.Warn(n)
	}
	failed := s.serve(parent)
	if failed != stageNone {
		parent.report(failed)
	}
	return int(failed)
}

// answer deals with a command line that asks for no daemon.
func (s Spec) answer(o *options, err error) (code int, done bool) {
	argv0, privileged := os.Args[0], os.Geteuid() == 0
	var bad *usageError
	switch {
	case errors.As(err, &bad):
		fmt.Fprintf(os.Stderr, "%s: %v\n", argv0, err)
		s.writeUsage(os.Stderr, argv0, privileged)
		return exitFailure, true
	case errors.Is(err, errTimeout):
		newSetup(s, &options{}).complain(err)
		return exitFailure, true
	case err != nil:
		fmt.Fprintf(os.Stderr, "%s: %v\n", argv0, err)
		return exitFailure, true
	case o.version:
		fmt.Printf("%s (libvirt) %s\n", argv0, release.Version)
		return 0, true
	case o.help:
		s.writeUsage(os.Stderr, argv0, privileged)
		return 0, true
	case o.check:
		return newSetup(s, o).checkConfig(os.Stdout), true
	}
	return 0, false
}

func exitCode(err error) int {
	if err != nil {
		return exitFailure
	}
	return 0
}

// complain tells of an error from configure, by the log where there is one.
func (s *setup) complain(err error) {
	var noLog *logSetupError
	if errors.As(err, &noLog) {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	s.logger.Error(err.Error())
}

// serve is the daemon's life, from its pid file to the end of its tree. It
// gives the stage that failed.
func (s *setup) serve(parent *parentStatus) stage {
	err := s.live(parent)
	if err == nil {
		return stageNone
	}
	s.logger.Error(err.Error())
	var at *startError
	if errors.As(err, &at) {
		return at.stage
	}
	return stageInit
}

func (s *setup) live(parent *parentStatus) error {
	if s.options.background {
		if err := os.Chdir("/"); err != nil {
			return fmt.Errorf("cannot change to root directory: %w", sys.Errno(err))
		}
	}
	pid, err := s.acquirePIDFile()
	if err != nil {
		return &startError{stagePIDFile, err}
	}
	defer pid.Release()
	if err := s.makeDirs(); err != nil {
		return err
	}
	s.signals = make(chan os.Signal, 16)
	for _, sig := range heeded {
		signal.Notify(s.signals, sig)
	}
	freeze.Hear(s.signals, freeze.Unheard())
	// Without a receiver, writing to a closed stderr would end the daemon.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	if err := s.openKept(); err != nil {
		return err
	}
	if err := s.openAudit(); err != nil {
		return err
	}
	defer s.audit.Close()
	t, err := s.boot()
	if err != nil {
		return err
	}
	parent.report(stageNone)
	s.tell(notify.Ready, notify.Status("serves "+describeSockets(t.listeners.all())))
	s.settle()
	reason := s.watch(t, pid)
	s.tell(notify.Stopping, notify.Status("ends when the calls that run have"))
	if err := t.stop(); err != nil && reason == nil {
		s.logger.Warn("stop", zap.Error(err))
	}
	if reason == nil {
		s.kept.end()
	}
	return reason
}

// openAudit begins the trail of what is done with machines.
func (s *setup) openAudit() (err error) {
	s.audit, err = audit.Open(audit.Options{
		Level: s.config.AuditLevel, Logging: s.config.AuditLogging, Log: s.log.Logger("conf.domain_audit"),
	})
	if err != nil {
		return &startError{stageAudit, err}
	}
	return nil
}

// heeded are the signals that a daemon goes by.
var heeded = []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGUSR1}

// watch waits for a signal, for the idle timeout, for the admin API, or for the
// tree to give up.
func (s *setup) watch(t *tree, pid *pidfile.File) error {
	dog := newWatchdog()
	defer dog.stop()
	for {
		select {
		case <-dog.ticks:
			dog.feed(s, t)
		case sig := <-s.signals:
			switch sig {
			case syscall.SIGHUP:
				s.reload(t)
			case syscall.SIGUSR1:
				s.replace(t, pid, dog)
			default:
				s.logger.Info("stopping", zap.Stringer("signal", sig))
				return nil
			}
		case <-t.idled:
			s.logger.Info("stopping: nothing to do")
			return nil
		case <-t.quit:
			s.logger.Info("stopping: a client of the admin API asked for it")
			return nil
		case reason := <-t.ended:
			return failAt(stageDriver, "the process tree gave up: %w", reason)
		}
	}
}

// reload is what SIGHUP asks for: rotated logs begin anew, drivers look again
// for definitions.
func (s *setup) reload(t *tree) {
	s.logger.Info("Reloading configuration on SIGHUP")
	s.tell(notify.Reloading())
	t.reload(s)
	s.tell(notify.Ready)
}

// describeSockets counts for people.
func describeSockets(listeners []*rpc.Listener) string {
	if len(listeners) == 1 {
		return "1 socket"
	}
	return strconv.Itoa(len(listeners)) + " sockets"
}

func (s *setup) tell(states ...string) {
	if err := notify.Send(strings.Join(states, "\n")); err != nil {
		s.logger.Warn("service manager", zap.Error(err))
	}
}

// makeDirs makes the folders that every part of the daemon counts on. Those of
// a user are closed to others; whoever needs one that cannot be made tells why.
func (s *setup) makeDirs() error {
	if !s.dirs.Privileged {
		for _, dir := range []string{s.dirs.Config, s.dirs.Cache} {
			_ = os.MkdirAll(dir, 0o700)
		}
	}
	mask := 0o077
	if s.dirs.Privileged {
		mask = 0o022
	}
	defer syscall.Umask(syscall.Umask(mask))
	if err := os.MkdirAll(s.dirs.Run, 0o777); err != nil {
		return failAt(stageRunDir, "unable to create rundir %s: %w", s.dirs.Run, sys.Errno(err))
	}
	return nil
}
