package qemu

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/domain"
	"virtree.dev/protocol/qmp"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virerr"
	xml "virtree.dev/protocol/xml/domain"
	"virtree.dev/supervisor/gen"
)

// jobPatience is how long a call waits for its turn at a domain.
const jobPatience = 30 * time.Second

// betweenLives is how long to wait before a domain's process that is not there is looked for again.
const betweenLives = 10 * time.Millisecond

// handle is a worker's way to a domain: its process, and what was published of it.
type handle struct {
	drv    *Driver
	ref    gen.Ref
	object *domain.Object
	// document is what a start takes in place of the definition.
	document *xml.Domain
}

// call asks a domain's process; the end of that process frees the caller.
func call[R any](ctx context.Context, h handle, req gen.Request[R]) (R, error) {
	r, err := gen.Call(ctx, h.ref, req)
	for errors.Is(err, gen.ErrNoProc) && h.drv.alive(h.object.UUID) { // it is between two lives
		time.Sleep(betweenLives)
		r, err = gen.Call(ctx, h.ref, req)
	}
	switch {
	case errors.Is(err, gen.ErrNoProc) && h.drv.registry.ByUUID(h.object.UUID) == nil:
		err = errNoDomain("no domain with matching uuid '%s' (%s)", h.object.UUID, h.object.Name)
	case errors.Is(err, gen.ErrNoProc):
		err = errInternal("domain '%s' is out of order, as its process failed too often; define it again or reload the daemon", h.object.Name)
	case errors.Is(err, gen.ErrDown):
		err = errInternal("the domain's process ended: %s", err)
	}
	return r, err
}

// monitor runs a QMP command. First is told to the domain's core before.
func (h handle) monitor(ctx context.Context, name string, args any, first domain.Message) (json.RawMessage, error) {
	raw, err := call(ctx, h, execute{Command: qmp.Command{Name: name, Arguments: args}, First: first})
	return raw, monitorError(err)
}

// query runs a QMP command and unmarshals what it returned.
func query[R any](ctx context.Context, h handle, name string, args any) (R, error) {
	var r R
	raw, err := h.monitor(ctx, name, args, nil)
	if err == nil && json.Unmarshal(raw, &r) != nil {
		err = errInternal("%s reply was missing return data", name)
	}
	return r, err
}

// find gives the published object of a domain that a client means.
func (d *Driver) find(dom remote.NonnullDomain) (*domain.Object, error) {
	o := d.registry.ByUUID(domain.UUID(dom.UUID))
	if o == nil {
		return nil, errNoDomain("no domain with matching uuid '%s' (%s)", domain.UUID(dom.UUID), dom.Name)
	}
	return o, nil
}

// running is find for a domain that must have a machine.
func (d *Driver) running(dom remote.NonnullDomain) (*domain.Object, error) {
	o, err := d.find(dom)
	if err == nil && !o.Active() {
		err = errNotRunning()
	}
	return o, err
}

func (d *Driver) handle(o *domain.Object) handle {
	return handle{drv: d, ref: d.domainRef(o.UUID), object: o}
}

// withJob runs f with the domain's job held. The call's worker goes to others while
// it waits; the object that f gets is the one of the moment when the job began.
func (d *Driver) withJob(c *dispatch.Call, dom remote.NonnullDomain, kind domain.JobKind, f func(handle) error) error {
	o, err := d.find(dom)
	if err != nil {
		return err
	}
	job := domain.Job{Kind: kind, API: dispatcherName(c.Proc.API), Client: c.Session.String()}
	// A client that goes away does not take back what it asked for.
	ctx := context.WithoutCancel(c)
	return c.Wait(func() error {
		return d.hold(ctx, d.handle(o), job, func(h handle) error {
			if _, err := d.find(dom); err != nil {
				return err
			}
			return f(h)
		})
	})
}

// active is withJob for a domain that must have a machine.
func (d *Driver) active(c *dispatch.Call, dom remote.NonnullDomain, kind domain.JobKind, f func(handle) error) error {
	return d.withJob(c, dom, kind, func(h handle) error {
		if !h.object.Active() {
			return errNotRunning()
		}
		return f(h)
	})
}

// hold runs f with a job on the domain.
func (d *Driver) hold(ctx context.Context, h handle, job domain.Job, f func(handle) error) error {
	return d.holdWithin(ctx, h, job, jobPatience, f)
}

// holdWithin is hold for who does not want to wait that long.
func (d *Driver) holdWithin(ctx context.Context, h handle, job domain.Job, patience time.Duration, f func(handle) error) error {
	token, err := call(ctx, h, begin{Job: job, Patience: patience})
	if err != nil {
		return jobError(err)
	}
	defer func() { _ = gen.Send(h.ref, end{Token: token}) }()
	if o := d.registry.ByUUID(h.object.UUID); o != nil {
		h.object = o
	}
	return f(h)
}

// jobError makes of a refused job what a client sees.
func jobError(err error) error {
	var busy *domain.BusyError
	if !errors.As(err, &busy) {
		return err
	}
	code := virerr.OperationTimeout
	if busy.Crowded {
		code = virerr.OperationFailed
	}
	return virerr.New(virerr.FromQEMU, code, "%s", busy.Error())
}

// dispatcherName is what libvirt calls the holder of a job: the function that serves the API.
func dispatcherName(api string) string {
	return "remoteDispatch" + strings.TrimPrefix(api, "vir")
}
