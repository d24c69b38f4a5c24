package lockd

import (
	"errors"
	"strings"

	"virtree.dev/protocol/lockprog"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/wire"
	"virtree.dev/protocol/wire/wiretest"
	"virtree.dev/protocol/xdr"
	"virtree.dev/test/peer"
)

// The flags of an acquire.
const (
	shared     = 1
	autocreate = 2
)

// client is a connection to the lock program.
type client struct {
	*wiretest.Client
}

func (d *daemon) dial() *client {
	d.T.Helper()
	if d.Before != nil {
		return &client{wiretest.Dial(d.T, d.Socket())}
	}
	c := &client{}
	peer.AsUser(d.T, func() { c.Client = wiretest.Dial(d.T, d.Socket()) })
	return c
}

// machine is a client that has registered.
func (d *daemon) machine(pid int) *client {
	d.T.Helper()
	c := d.dial()
	c.must(c.register(pid))
	return c
}

func (c *client) header(proc int32) wire.Header {
	c.Serial++
	return wire.Header{Program: lockprog.ID, Version: lockprog.Version, Procedure: proc, Serial: c.Serial}
}

func (c *client) call(proc int32, args xdr.Value) error {
	c.T.Helper()
	c.Send(c.header(proc), args)
	if err := c.Answer(nil); err != nil {
		return err
	}
	return nil
}

func owner(pid int) lockprog.Owner {
	return lockprog.Owner{UUID: lockprog.UUID{1, 2, 3}, Name: "web", ID: 7, Pid: uint32(pid)}
}

func (c *client) register(pid int) error {
	c.T.Helper()
	return c.call(lockprog.ProcRegister, &lockprog.RegisterArgs{Owner: owner(pid)})
}

func (c *client) lockspace(dir string) {
	c.T.Helper()
	c.must(c.call(lockprog.ProcCreateLockspace, &lockprog.CreateLockSpaceArgs{Path: dir}))
}

func (c *client) acquire(dir, name string, flags uint32) error {
	c.T.Helper()
	return c.call(lockprog.ProcAcquireResource, &lockprog.AcquireResourceArgs{Path: dir, Name: name, Flags: flags})
}

func (c *client) release(dir, name string) error {
	c.T.Helper()
	return c.call(lockprog.ProcReleaseResource, &lockprog.ReleaseResourceArgs{Path: dir, Name: name})
}

func (c *client) must(err error) {
	c.T.Helper()
	if err != nil {
		c.T.Fatal(err)
	}
}

// busy checks that an acquire was refused as libvirt refuses it.
func (c *client) busy(err error, name string) {
	c.T.Helper()
	var e *virerr.Error
	if !errors.As(err, &e) || e.Code != virerr.ResourceBusy || !strings.HasPrefix(e.Message, "resource busy: Lockspace resource '"+name+"' is locked") {
		c.T.Errorf("%s: got %v, want that it is locked", name, err)
	}
}
