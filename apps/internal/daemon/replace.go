package daemon

import (
	"context"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"virtree.dev/actors/rpc"
	"virtree.dev/apps/internal/daemon/cstate"
	"virtree.dev/internal/command"
	"virtree.dev/internal/pidfile"
	"virtree.dev/supervisor/freeze"
	"virtree.dev/systemd/notify"
)

// The parts that are the daemon's own.
const (
	partPIDFile = "pidfile"
	fileLock    = "lock"
)

// How long a replacement waits for calls that run, and for what is frozen.
const replacePatience = 30 * time.Second

// replace hands the daemon over to whatever program is now where this one was
// started from. It returns only where that failed; then all goes on here.
//
//	ask the program ─▶ calls that run end ─▶ the service freezes ─▶ sockets and clients freeze ─▶ exec
func (s *setup) replace(t *tree, pid *pidfile.File, dog *watchdog) {
	s.logger.Info("replacing this program by " + s.program)
	began := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), replacePatience)
	defer cancel()
	s.tell(notify.Reloading())
	err := s.ask(ctx)
	if err == nil {
		err = s.tryReplace(ctx, t, pid, dog)
	}
	s.tell(notify.Ready)
	s.logger.Error(fmt.Sprintf("this program goes on after %s: %v", time.Since(began).Round(time.Millisecond), err))
}

// ask tells whether the program can go on where this one ends. It is asked first, for
// one that could not would be the end of the daemon.
func (s *setup) ask(ctx context.Context) error {
	known, err := freeze.Ask(ctx, command.Host{}, s.program, os.Environ())
	if err != nil {
		return err
	}
	if err := known.Fit(); err != nil {
		return fmt.Errorf("%s cannot take over: %w", s.program, err)
	}
	return nil
}

func (s *setup) tryReplace(ctx context.Context, t *tree, pid *pidfile.File, dog *watchdog) error {
	if p, ok := t.service.(preparer); ok {
		p.Prepare()
	}
	release, err := s.hold(ctx, t, dog)
	if err != nil {
		return err
	}
	defer release()
	box := freeze.NewBox()
	goOn, err := t.service.Freeze(ctx, box)
	if err != nil {
		return err
	}
	defer goOn()
	for i, list := range [][]*rpc.Listener{t.listeners.main, t.listeners.admin} {
		resume, err := t.servers()[i].Freeze(ctx, t.system, list, box)
		if err != nil {
			return err
		}
		defer resume()
	}
	if err := s.freezeLive(t, box); err != nil {
		return err
	}
	if err := s.kept.freeze(box); err != nil {
		return err
	}
	if err := box.PutState(partPIDFile, 1, nil, map[string]syscall.Conn{fileLock: pid.Lock()}); err != nil {
		return err
	}
	return box.Exec(freeze.Program{Path: s.program, Args: os.Args, Env: os.Environ(), Signals: heeded, Inbox: s.signals})
}

// preparer is a service that has something to do before it freezes, and while calls run.
type preparer interface{ Prepare() }

// How long calls are held while others run, and how long they go on in between: a
// call that takes its time must not make all others wait for it.
const (
	holdPatience = 50 * time.Millisecond
	goOnFirst    = 100 * time.Millisecond
	goOnLast     = time.Second
)

// hold waits for a moment in which no call runs, and keeps others from beginning.
func (s *setup) hold(ctx context.Context, t *tree, dog *watchdog) (release func(), err error) {
	pause := goOnFirst
	for {
		if release, err = tryHold(ctx, t.servers()); err == nil {
			return release, nil
		}
		select {
		case <-time.After(pause):
			pause = min(2*pause, goOnLast)
		case <-dog.ticks:
			dog.feed(s, t)
		case <-ctx.Done():
			return nil, err
		}
	}
}

func tryHold(ctx context.Context, servers []*rpc.Server) (release func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, holdPatience)
	defer cancel()
	var held []*rpc.Server
	release = func() {
		for _, s := range held {
			s.GoOn()
		}
	}
	for _, s := range servers {
		if err := s.Hold(ctx); err != nil {
			release()
			return nil, err
		}
		held = append(held, s)
	}
	return release, nil
}

// inherit takes over from the former program, where there was one.
func (s *setup) inherit() error {
	box, err := freeze.Inherit()
	if err != nil {
		return err
	}
	s.box = box
	if box == nil && s.spec.TakesOver {
		if err := s.takeOver(); err != nil {
			return err
		}
	}
	// A binary that was replaced on the disk is known by its old name alone.
	program, err := freeze.Path()
	s.program = strings.TrimSuffix(program, " (deleted)")
	return err
}

// takeOver takes over from libvirt's own daemon, where that executed us.
func (s *setup) takeOver() error {
	doc, note, err := cstate.Load(s.dirs.RestartFile(s.spec.Name), os.Getpid(), s.spec.Name, adminName)
	if note != "" {
		s.notes = append(s.notes, note)
	}
	if err != nil || doc == nil {
		return err
	}
	box, notes, err := doc.Box(cstate.Names{
		Listener: func(server string, readOnly bool, nth int) string {
			return socket{name: listenerName(server, readOnly)}.listener(nth)
		},
		Clients: rpc.ClientsName,
	})
	s.box, s.foreign, s.notes = box, true, append(s.notes, notes...)
	return err
}

// acquirePIDFile locks the daemon's pid file, or goes on holding it.
func (s *setup) acquirePIDFile() (*pidfile.File, error) {
	if f := s.box.Take(partPIDFile); f != nil {
		lock, err := freeze.File(f, fileLock)
		if err != nil {
			return nil, err
		}
		return pidfile.Resume(s.pidPath, lock), nil
	}
	return pidfile.Acquire(s.pidPath)
}

// settle closes what nobody wanted of the former program.
func (s *setup) settle() {
	if left := s.box.Names(); len(left) > 0 {
		s.logger.Warn("nobody took over from the former program: " + strings.Join(left, ", "))
	}
	s.box.Close()
	if swept := s.kept.settle(); len(swept) > 0 {
		s.logger.Warn("nobody took what a process kept that was killed: " + strings.Join(swept, ", "))
	}
}
