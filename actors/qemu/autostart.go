package qemu

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"virtree.dev/actors/domain"
	"virtree.dev/internal/failpoint"
	"virtree.dev/internal/statefile"
	"virtree.dev/supervisor/act"
	"virtree.dev/supervisor/gen"
)

// autostarter starts what is to be started once a boot: the run folder, which does
// not outlive a boot, keeps the list of what is still to be done.
type autostarter struct {
	act.Actor
	drv *Driver
}

// Init lets the starts run as a job; nobody waits for them.
func (a *autostarter) Init(p *gen.Process) error {
	return p.Go("autostart", func(ctx context.Context) error {
		a.run(ctx)
		return nil
	})
}

// turn is a domain whose start is still to be done. One during whose start the daemon
// died is tried once more, and no further.
type turn struct {
	name  string
	tried bool
}

func (a *autostarter) run(ctx context.Context) {
	delay := time.Duration(a.drv.config.AutoStartDelay) * time.Millisecond
	list := a.todo()
	for i, t := range list {
		if t.tried {
			a.note(list[i+1:])
		} else {
			list[i].tried = true
			a.note(list[i:])
		}
		a.start(ctx, t.name)
		a.note(list[i+1:])
		select {
		case <-time.After(delay):
		case <-ctx.Done():
			return
		}
	}
}

func (a *autostarter) start(ctx context.Context, name string) {
	o := a.drv.registry.ByName(name)
	if o == nil {
		return
	}
	if err := a.drv.autostart(ctx, o); err != nil {
		a.drv.log.Error(fmt.Sprintf("Failed to autostart VM '%s': %v", name, err))
	}
	if err := failpoint.Hit("qemu.autostart.started"); err != nil {
		a.drv.log.Error(err.Error())
	}
}

// startedFile tells, by being there, that this boot's starts were begun; its lines are
// what is left of them, a "!" before one that was tried. libvirt's is always empty.
const startedFile = "autostarted"

func (a *autostarter) path() string { return filepath.Join(a.drv.files.State, startedFile) }

// todo is all that is marked at first, later what the file has.
func (a *autostarter) todo() (list []turn) {
	text, err := os.ReadFile(a.path())
	if err == nil {
		for line := range strings.Lines(string(text)) {
			name, tried := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "!")
			list = append(list, turn{name, tried})
		}
		return list
	}
	for _, o := range a.drv.registry.Select(domain.ListInactive) {
		if o.Autostart || o.AutostartOnce {
			list = append(list, turn{name: o.Name})
		}
	}
	a.note(list)
	return list
}

// note writes down what is left.
func (a *autostarter) note(left []turn) {
	var text strings.Builder
	for _, t := range left {
		if t.tried {
			text.WriteByte('!')
		}
		text.WriteString(t.name + "\n")
	}
	if err := statefile.WriteVolatile(a.path(), []byte(text.String()), 0o600); err != nil {
		a.drv.log.Error(fmt.Sprintf("cannot note which machines were started: %v", err))
	}
}

func (d *Driver) autostart(ctx context.Context, o *domain.Object) error {
	job := domain.Job{Kind: domain.JobStart, API: "autostart"}
	return d.hold(ctx, d.handle(o), job, func(h handle) error {
		if h.object.AutostartOnce {
			if _, err := call(ctx, h, setAutostart{Once: true}); err != nil {
				return err
			}
		}
		if h.object.Active() {
			return nil
		}
		return d.start(ctx, h, 0)
	})
}
