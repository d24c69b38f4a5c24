package qemu

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"virtree.dev/actors/domain"
	"virtree.dev/supervisor/act"
	"virtree.dev/supervisor/gen"
)

// autostarter starts what is to be started once a boot: the run folder, which does
// not outlive a boot, keeps the mark that it was done.
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

func (a *autostarter) run(ctx context.Context) {
	if !a.mark() {
		return
	}
	delay := time.Duration(a.drv.config.AutoStartDelay) * time.Millisecond
	for _, o := range a.drv.registry.Select(domain.ListInactive) {
		if !o.Autostart && !o.AutostartOnce {
			continue
		}
		if err := a.drv.autostart(ctx, o); err != nil {
			a.drv.log.Error(fmt.Sprintf("Failed to autostart VM '%s': %v", o.Name, err))
		}
		select {
		case <-time.After(delay):
		case <-ctx.Done():
			return
		}
	}
}

// mark says whether this boot's starts are still to be done, and notes that they are.
func (a *autostarter) mark() bool {
	f, err := os.OpenFile(filepath.Join(a.drv.files.State, "autostarted"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return false
	}
	if err != nil {
		a.drv.log.Error(fmt.Sprintf("cannot note that machines were started: %v", err))
		return false
	}
	f.Close()
	return true
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
