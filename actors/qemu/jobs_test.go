package qemu

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"virtree.dev/actors/domain"
	"virtree.dev/actors/events"
	"virtree.dev/config/paths"
	"virtree.dev/config/qemuconf"
	"virtree.dev/protocol/virerr"
	xml "virtree.dev/protocol/xml/domain"
	"virtree.dev/supervisor/gen"
	"virtree.dev/supervisor/gentest"
)

// alone is a domain's process without the rest of the driver.
func alone(t *testing.T, change func(*qemuconf.Config)) (*gentest.Stage, *Driver, handle) {
	t.Helper()
	stage := gentest.New(t)
	dir := t.TempDir()
	environment := map[string]string{"HOME": dir, "XDG_RUNTIME_DIR": dir}
	dirs := paths.Session(func(name string) string { return environment[name] })
	config := qemuconf.New(false)
	if change != nil {
		change(config)
	}
	d := &Driver{
		system: stage.System, config: config, dirs: dirs, files: files{dirs.QEMU()}, log: zap.NewNop(),
		bus: events.NewBus(stage.System, "qemu"), registry: domain.NewRegistry(),
	}
	def, err := xml.Parse([]byte("<domain type='qemu'><name>web</name><memory>1024</memory><os><type>hvm</type></os></domain>"),
		xml.ParseOptions{Inactive: true})
	if err != nil {
		t.Fatal(err)
	}
	o := &domain.Object{UUID: def.UUID, Name: def.Name, ID: -1, State: domain.Shutoff, Def: def, Persistent: true}
	ref := stage.Start(gen.Child{Name: "domain", New: func() gen.Behavior { return &machine{drv: d, uuid: o.UUID, seed: o} }})
	return stage, d, handle{drv: d, ref: ref, object: o}
}

// holding lets a job hold the domain until it is let go.
func holding(t *testing.T, d *Driver, h handle) (letGo func()) {
	t.Helper()
	held, release, done := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		done <- d.hold(context.Background(), h, domain.Job{Kind: domain.JobModify, API: "remoteDispatchDomainSuspend"}, func(handle) error {
			close(held)
			<-release
			return nil
		})
	}()
	<-held
	return func() {
		close(release)
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// takesTurn asks for the domain, and tells what came of it and after how long.
func takesTurn(d *Driver, h handle) (time.Duration, error) {
	begun := time.Now()
	err := d.hold(context.Background(), h, domain.Job{Kind: domain.JobModify, API: "remoteDispatchDomainResume"}, func(handle) error { return nil })
	return time.Since(begun), err
}

func TestWhoWaitsForADomainLearnsWhoHasIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stage, d, h := alone(t, nil)
		defer stage.End()
		letGo := holding(t, d, h)
		waited, err := takesTurn(d, h)
		var refusal *virerr.Error
		if !errors.As(err, &refusal) || refusal.Code != virerr.OperationTimeout {
			t.Fatalf("%v", err)
		}
		const want = "Timed out during operation: cannot acquire state change lock (held by monitor=remoteDispatchDomainSuspend)"
		if err.Error() != want || waited != jobPatience {
			t.Errorf("after %v: %v, want %s", waited, err, want)
		}
		letGo()
		if waited, err := takesTurn(d, h); err != nil || waited != 0 {
			t.Errorf("when it is free: %v after %v", err, waited)
		}
	})
}

func TestWhoWaitsGetsItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stage, d, h := alone(t, nil)
		defer stage.End()
		letGo := holding(t, d, h)
		const busy = jobPatience - time.Second
		go func() {
			time.Sleep(busy)
			letGo()
		}()
		if waited, err := takesTurn(d, h); err != nil || waited != busy {
			t.Errorf("%v after %v", err, waited)
		}
	})
}

func TestTooManyWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stage, d, h := alone(t, func(c *qemuconf.Config) { c.MaxQueuedJobs = 1 })
		defer stage.End()
		letGo := holding(t, d, h)
		const want = "operation failed: cannot acquire state change lock (held by monitor=remoteDispatchDomainSuspend) due to max_queued limit"
		if waited, err := takesTurn(d, h); err == nil || err.Error() != want || waited != 0 {
			t.Errorf("%v after %v", err, waited)
		}
		letGo()
	})
}

// A domain that is no more tells the store before anybody is told that it is gone.
func TestALeavingDomainTellsTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stage, d, h := alone(t, nil)
		defer stage.End()
		store := stage.Stand(nameStore, nil)
		if _, err := call(context.Background(), h, undefine{}); err != nil {
			t.Fatal(err)
		}
		stage.Settled()
		store.Expect(left{UUID: h.object.UUID})
		if d.registry.ByUUID(h.object.UUID) != nil {
			t.Error("it is found still")
		}
		if _, err := call(context.Background(), h, discard{}); err == nil {
			t.Error("its process is there still")
		}
	})
}
