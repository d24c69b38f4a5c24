package chaos

import (
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/wire"
	"virtree.dev/protocol/xdr"
)

// client is a connection to a daemon.
type client struct {
	t      *testing.T
	conn   net.Conn
	serial uint32
}

// errLost says that the daemon went away instead of answering.
var errLost = errors.New("the daemon went away")

// connect opens the daemon's hypervisor.
func (p *place) connect() *client {
	p.t.Helper()
	conn, err := net.Dial("unix", p.socket())
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { conn.Close() })
	c := &client{t: p.t, conn: conn}
	uri := "qemu:///session"
	c.must(remote.ProcConnectOpen, &remote.ConnectOpenArgs{Name: &uri}, nil)
	return c
}

// call makes a call. Its error is libvirt's, or errLost.
func (c *client) call(proc int32, args, ret xdr.Value) error {
	c.serial++
	h := wire.Header{Program: remote.ID, Version: 1, Procedure: proc, Serial: c.serial}
	b, err := wire.Append(nil, h, args)
	if err != nil {
		c.t.Fatal(err)
	}
	if _, err := c.conn.Write(b); err != nil {
		return fmt.Errorf("%w: %w", errLost, err)
	}
	_ = c.conn.SetReadDeadline(time.Now().Add(2 * patience))
	for {
		h, payload, err := c.receive()
		if err != nil {
			return fmt.Errorf("%w: %w", errLost, err)
		}
		if h.Type != wire.Reply || h.Serial != c.serial {
			continue
		}
		d := xdr.NewDecoder(payload)
		if h.Status == wire.Error {
			e := new(virerr.Error)
			e.DecodeXDR(d)
			return e
		}
		if ret != nil {
			ret.DecodeXDR(d)
		}
		return d.Err()
	}
}

func (c *client) receive() (wire.Header, []byte, error) {
	head := make([]byte, wire.LengthSize)
	if _, err := io.ReadFull(c.conn, head); err != nil {
		return wire.Header{}, nil, err
	}
	n, err := wire.Length(head)
	if err != nil {
		return wire.Header{}, nil, err
	}
	frame := make([]byte, n)
	copy(frame, head)
	if _, err := io.ReadFull(c.conn, frame[wire.LengthSize:]); err != nil {
		return wire.Header{}, nil, err
	}
	return wire.Parse(frame)
}

// must is a call that has to succeed.
func (c *client) must(proc int32, args, ret xdr.Value) {
	c.t.Helper()
	if err := c.call(proc, args, ret); err != nil {
		c.t.Fatalf("procedure %d: %v", proc, err)
	}
}

type dom = remote.NonnullDomain

// find looks a domain up by its name; nil when there is none.
func (c *client) find(name string) *dom {
	c.t.Helper()
	ret := &remote.DomainLookupByNameRet{}
	err := c.call(remote.ProcDomainLookupByName, &remote.DomainLookupByNameArgs{Name: name}, ret)
	var e *virerr.Error
	if errors.As(err, &e) && e.Code == virerr.NoDomain {
		return nil
	}
	if err != nil {
		c.t.Fatalf("lookup of %s: %v", name, err)
	}
	return &ret.Dom
}

// lookup is find for a domain that must be there.
func (c *client) lookup(name string) dom {
	c.t.Helper()
	d := c.find(name)
	if d == nil {
		c.t.Fatalf("domain %s is lost", name)
	}
	return *d
}

func (c *client) list() []dom {
	c.t.Helper()
	ret := &remote.ConnectListAllDomainsRet{}
	c.must(remote.ProcConnectListAllDomains, &remote.ConnectListAllDomainsArgs{NeedResults: 1}, ret)
	return ret.Domains
}

func (c *client) define(xml string) error {
	return c.call(remote.ProcDomainDefineXML, &remote.DomainDefineXMLArgs{XML: xml}, &remote.DomainDefineXMLRet{})
}

func (c *client) undefine(d dom) error {
	return c.call(remote.ProcDomainUndefine, &remote.DomainUndefineArgs{Dom: d}, nil)
}

func (c *client) create(d dom) error {
	return c.call(remote.ProcDomainCreate, &remote.DomainCreateArgs{Dom: d}, nil)
}

func (c *client) createXML(xml string, flags uint32) error {
	args := &remote.DomainCreateXMLArgs{XMLDesc: xml, Flags: flags}
	return c.call(remote.ProcDomainCreateXML, args, &remote.DomainCreateXMLRet{})
}

func (c *client) destroy(d dom) error {
	return c.call(remote.ProcDomainDestroy, &remote.DomainDestroyArgs{Dom: d}, nil)
}

func (c *client) suspend(d dom) error {
	return c.call(remote.ProcDomainSuspend, &remote.DomainSuspendArgs{Dom: d}, nil)
}

func (c *client) resume(d dom) error {
	return c.call(remote.ProcDomainResume, &remote.DomainResumeArgs{Dom: d}, nil)
}

func (c *client) rename(d dom, name string) error {
	args := &remote.DomainRenameArgs{Dom: d, NewName: &name}
	return c.call(remote.ProcDomainRename, args, &remote.DomainRenameRet{})
}

func (c *client) setAutostart(d dom, on bool) error {
	args := &remote.DomainSetAutostartArgs{Dom: d}
	if on {
		args.Autostart = 1
	}
	return c.call(remote.ProcDomainSetAutostart, args, nil)
}

func (c *client) autostart(d dom) bool {
	c.t.Helper()
	ret := &remote.DomainGetAutostartRet{}
	c.must(remote.ProcDomainGetAutostart, &remote.DomainGetAutostartArgs{Dom: d}, ret)
	return ret.Autostart != 0
}

// state gives a domain's state and reason.
func (c *client) state(d dom) (state, reason int32) {
	c.t.Helper()
	ret := &remote.DomainGetStateRet{}
	c.must(remote.ProcDomainGetState, &remote.DomainGetStateArgs{Dom: d}, ret)
	return ret.State, ret.Reason
}

func (c *client) xml(d dom, flags uint32) string {
	c.t.Helper()
	ret := &remote.DomainGetXMLDescRet{}
	c.must(remote.ProcDomainGetXMLDesc, &remote.DomainGetXMLDescArgs{Dom: d, Flags: flags}, ret)
	return ret.XML
}
