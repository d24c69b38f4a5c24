package lockd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"

	"virtree.dev/internal/sys"
	"virtree.dev/supervisor/act"
	"virtree.dev/supervisor/gen"
)

const guardName = "locks"

// How long an owner that lost its connection has to end, as in libvirt.
const (
	termPatience = 1600 * time.Millisecond
	killPatience = 1400 * time.Millisecond
)

// noteDelay is how long a lease is held before its file says by whom.
const noteDelay = 200 * time.Millisecond

type (
	look  struct{} // there is something to do
	notes struct{} // it is time for notes
	tidy  struct{} // it is time to clear away
)

// due is an owner whose end is to be waited for.
type due struct {
	pid   int
	start uint64
	kill  bool
}

// guard waits for the ends of owners, and brings them about.
type guard struct {
	act.Actor
	locks   *locks
	watched map[string]int // pids, by the names of the jobs that wait
	noting  bool
	clears  bool
	packed  *os.File // the table, by a freeze of this program
}

// Init looks after what there is.
func (g *guard) Init(p *gen.Process) error {
	g.watched, g.noting, g.clears = map[string]int{}, false, false
	g.locks.collect()
	for _, s := range g.locks.unplaced() {
		if err := p.Go("file system of "+s.dir, func(context.Context) error {
			g.locks.settleIn(s)
			return nil
		}); err != nil {
			return err
		}
	}
	return g.work(p)
}

// HandleMessage does what is to be done.
func (g *guard) HandleMessage(p *gen.Process, msg any) error {
	switch m := msg.(type) {
	case look:
		return g.work(p)
	case notes:
		g.noting = false
		return g.write(p)
	case tidy:
		g.clears = false
		if g.locks.clear(time.Now().Add(-restTime)) {
			g.clearSoon(p)
		}
	case gen.MetaExit:
		pid, waited := g.watched[m.Name]
		delete(g.watched, m.Name)
		switch {
		case waited && m.Reason == nil:
			return g.free(p, pid)
		case !gen.Orderly(m.Reason):
			g.locks.log.Error(m.Name + ": " + m.Reason.Error())
		}
	}
	return nil
}

// work begins to wait for owners, and for the time of the notes.
func (g *guard) work(p *gen.Process) error {
	list, fresh := g.locks.takeDue()
	for _, d := range list {
		name := "owner " + strconv.Itoa(d.pid)
		if d.kill {
			name = "end of owner " + strconv.Itoa(d.pid)
		}
		if _, there := g.watched[name]; there {
			continue
		}
		g.watched[name] = d.pid
		if err := p.Go(name, func(ctx context.Context) error { return g.await(ctx, d) }); err != nil {
			return err
		}
	}
	if fresh && !g.noting {
		g.noting = true
		p.SendAfter(noteDelay, notes{})
	}
	g.clearSoon(p)
	return nil
}

// clearSoon asks to be reminded of the files that were left.
func (g *guard) clearSoon(p *gen.Process) {
	if !g.clears {
		g.clears = true
		p.SendAfter(restTime, tidy{})
	}
}

// free frees what an owner that is gone held, each lockspace by itself.
func (g *guard) free(p *gen.Process, pid int) error {
	for _, s := range g.locks.spacesOf(pid) {
		name := fmt.Sprintf("locks of %d in '%s'", pid, s.dir)
		if err := p.Go(name, func(ctx context.Context) error { return g.locks.releaseAll(ctx, s, pid) }); err != nil {
			return err
		}
	}
	return nil
}

// write writes what notes there are, each lockspace by itself.
func (g *guard) write(p *gen.Process) error {
	for s, list := range g.locks.takeFresh() {
		err := p.Go("notes in "+s.dir, func(context.Context) error {
			g.locks.writeNotes(list)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// await returns when an owner is gone.
func (g *guard) await(ctx context.Context, d due) error {
	fd, err := sys.PidfdOpen(d.pid)
	if errors.Is(err, syscall.ESRCH) {
		return nil
	}
	if err != nil {
		return err
	}
	defer fd.Close()
	if d.start != 0 && started(d.pid) != d.start {
		return nil // another process has its number
	}
	stop := context.AfterFunc(ctx, func() { fd.Close() })
	defer stop()
	if !d.kill {
		if err := sys.PidfdWait(fd); err != nil && ctx.Err() == nil {
			return err
		}
		return context.Cause(ctx)
	}
	return g.kill(ctx, d.pid, fd)
}

// kill ends an owner: it must not go on without its locks.
func (g *guard) kill(ctx context.Context, pid int, fd *os.File) error {
	for _, step := range []struct {
		signal   syscall.Signal
		patience time.Duration
	}{{syscall.SIGTERM, termPatience}, {syscall.SIGKILL, killPatience}} {
		if err := sys.PidfdSignal(fd, step.signal); errors.Is(err, syscall.ESRCH) {
			return nil
		}
		if err := fd.SetReadDeadline(time.Now().Add(step.patience)); err != nil {
			return err
		}
		err := sys.PidfdWait(fd)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err == nil:
			return nil
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return err
		}
	}
	g.locks.log.Warn(fmt.Sprintf("Failed to kill off pid %d: its locks are released all the same", pid))
	return nil
}

// HandleInspect counts.
func (g *guard) HandleInspect(*gen.Process) map[string]string {
	l := g.locks
	l.mu.Lock()
	spaces := len(l.spaces)
	l.mu.Unlock()
	return map[string]string{
		"lockspaces": strconv.Itoa(spaces), "resources": strconv.Itoa(l.count()), "awaited": strconv.Itoa(len(g.watched)),
	}
}

// Held lists the locks for the observer.
func (g *guard) Held() []gen.Item {
	l := g.locks
	l.mu.Lock()
	defer l.mu.Unlock()
	var items []gen.Item
	l.all(func(r *resource) {
		item := gen.Item{Name: r.space.path(r.name), Info: l.holders(r)}
		if len(r.owners) > 0 {
			item.Up = time.Since(r.owners[0].Since)
		}
		items = append(items, item)
	})
	return items
}
