package dispatch

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"virtree.dev/protocol/program"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/wire"
	"virtree.dev/protocol/xdr"
)

// book is a log that remembers.
type book struct {
	panics []string
	failed []*virerr.Error
}

func (b *book) Panic(procedure string, _ any, _ []byte)        { b.panics = append(b.panics, procedure) }
func (b *book) Failed(_ *program.Procedure, err *virerr.Error) { b.failed = append(b.failed, err) }

type bench struct {
	*testing.T
	log     book
	table   *Table
	session *Session
	d       *Dispatcher
}

func newBench(t *testing.T, readOnly bool, access Access) *bench {
	b := &bench{T: t, table: NewTable(&remote.Program)}
	b.session = NewSession(1, Nobody(), readOnly, access, &b.log)
	b.d = New(NewTable(&remote.Program))
	return b
}

// open lets the table answer for the hypervisor.
func (b *bench) open() *bench {
	b.session.Authenticate()
	b.session.Open("QEMU", "qemu:///session", map[program.Owner]map[uint32]*Table{program.Hypervisor: {remote.ID: b.table}})
	return b
}

// call finds and runs a handler.
func (b *bench) call(proc int32, args xdr.Value) (xdr.Value, error) {
	b.Helper()
	p, h, err := b.d.Find(b.session, wire.Header{Program: remote.ID, Version: 1, Procedure: proc})
	if err != nil {
		return nil, err
	}
	var payload []byte
	if args != nil {
		payload = args.AppendXDR(nil)
	}
	return h.Run(&Call{Context: b.Context(), Session: b.session, Proc: p}, payload)
}

func (b *bench) refused(err error, from virerr.Domain, code virerr.Code, text string) {
	b.Helper()
	var e *virerr.Error
	if !errors.As(err, &e) || e.From != from || e.Code != code || !strings.Contains(e.Message, text) {
		b.Errorf("%+v instead of %d from %d: %s", err, code, from, text)
	}
}

func handleAll(t *Table) {
	Handle(t, remote.ProcConnectGetHostname, Inline, func(*Call, *Void) (*remote.ConnectGetHostnameRet, error) {
		return &remote.ConnectGetHostnameRet{Hostname: "h"}, nil
	})
	Handle(t, remote.ProcDomainDestroy, Worker, func(*Call, *remote.DomainDestroyArgs) (*Void, error) { return nil, nil })
	Handle(t, remote.ProcDomainShutdown, Inline, func(*Call, *remote.DomainShutdownArgs) (*Void, error) {
		return nil, os.ErrNotExist
	})
	Handle(t, remote.ProcDomainReboot, Inline, func(*Call, *remote.DomainRebootArgs) (*Void, error) {
		var none *remote.NonnullDomain
		none.ID = 1
		return nil, nil
	})
}

func TestOneCall(t *testing.T) {
	b := newBench(t, false, nil)
	handleAll(b.table)
	_, err := b.call(remote.ProcConnectGetHostname, nil)
	b.refused(err, virerr.FromRPC, virerr.RPC, "authentication required")
	b.session.Authenticate()
	_, err = b.call(remote.ProcConnectGetHostname, nil)
	b.refused(err, virerr.FromRPC, virerr.InternalError, "hypervisor connection not open")
	_, err = b.call(remote.ProcNetworkCreate, &remote.NetworkCreateArgs{})
	b.refused(err, virerr.FromRPC, virerr.InternalError, "internal error: connection not open")
	b.open()
	if v, err := b.call(remote.ProcConnectGetHostname, nil); err != nil || v.(*remote.ConnectGetHostnameRet).Hostname != "h" {
		t.Error(v, err)
	}
	if v, err := b.call(remote.ProcDomainDestroy, &remote.DomainDestroyArgs{}); err != nil || v != nil {
		t.Error(v, err)
	}
	_, err = b.call(remote.ProcDomainShutdown, &remote.DomainShutdownArgs{})
	b.refused(err, virerr.FromDomain, virerr.InternalError, "file does not exist")
	_, err = b.call(remote.ProcDomainDestroy, nil)
	b.refused(err, virerr.FromRPC, virerr.RPC, "Unable to decode message payload")
	_, err = b.call(remote.ProcNetworkCreate, &remote.NetworkCreateArgs{})
	b.refused(err, virerr.FromNetwork, virerr.NoSupport, "connection driver: virNetworkCreate")
	if len(b.log.panics) > 0 || len(b.log.failed) == 0 {
		t.Error(b.log)
	}
}

func TestPanicStaysInItsCall(t *testing.T) {
	b := newBench(t, false, nil).open()
	handleAll(b.table)
	_, err := b.call(remote.ProcDomainReboot, &remote.DomainRebootArgs{})
	b.refused(err, virerr.FromRPC, virerr.InternalError, "DOMAIN_REBOOT failed: ")
	if len(b.log.panics) != 1 || b.log.panics[0] != "DOMAIN_REBOOT" {
		t.Error(b.log.panics)
	}
	if _, err := b.call(remote.ProcConnectGetHostname, nil); err != nil {
		t.Error(err)
	}
}

func TestReadOnly(t *testing.T) {
	b := newBench(t, true, nil).open()
	handleAll(b.table)
	if _, err := b.call(remote.ProcConnectGetHostname, nil); err != nil {
		t.Error(err)
	}
	_, err := b.call(remote.ProcDomainDestroy, &remote.DomainDestroyArgs{})
	b.refused(err, virerr.FromDomain, virerr.OperationDenied, "read only access prevents virDomainDestroy")
	_, err = b.call(remote.ProcDomainGetXMLDesc, &remote.DomainGetXMLDescArgs{Flags: 8})
	b.refused(err, virerr.FromDomain, virerr.OperationDenied, "virDomainGetXMLDesc with secure flag")
	_, err = b.call(remote.ProcDomainGetXMLDesc, &remote.DomainGetXMLDescArgs{Flags: 2})
	b.refused(err, virerr.FromDomain, virerr.NoSupport, "virDomainGetXMLDesc")
	_, err = b.call(remote.ProcDomainInterfaceAddresses, &remote.DomainInterfaceAddressesArgs{Source: 1})
	b.refused(err, virerr.FromDomain, virerr.OperationDenied, "read only access prevents virDomainInterfaceAddresses")
	for _, source := range []uint32{0, 2, 3} {
		_, err = b.call(remote.ProcDomainInterfaceAddresses, &remote.DomainInterfaceAddressesArgs{Source: source})
		b.refused(err, virerr.FromDomain, virerr.NoSupport, "virDomainInterfaceAddresses")
	}
}

func TestArgumentsAreCheckedBeforeTheDriver(t *testing.T) {
	b := newBench(t, false, nil).open()
	for _, c := range []struct {
		proc int32
		args xdr.Value
		from virerr.Domain
		code virerr.Code
		text string
	}{
		{remote.ProcConnectListDomains, &remote.ConnectListDomainsArgs{Maxids: -1}, virerr.FromRPC, virerr.RPC, "maxids must be non-negative"},
		{remote.ProcConnectListDomains, &remote.ConnectListDomainsArgs{Maxids: 16385}, virerr.FromRPC, virerr.RPC, "maxids > REMOTE_DOMAIN_LIST_MAX"},
		{remote.ProcConnectListDomains, &remote.ConnectListDomainsArgs{Maxids: 16384}, virerr.FromDomain, virerr.NoSupport, "virConnectListDomains"},
		{remote.ProcDomainGetVcpus, &remote.DomainGetVcpusArgs{Maxinfo: 16384, Maplen: 513}, virerr.FromRPC, virerr.InternalError, "maxinfo * maplen > REMOTE_CPUMAPS_MAX"},
		{remote.ProcDomainGetVcpus, &remote.DomainGetVcpusArgs{}, virerr.FromDomain, virerr.InvalidArg, "info in virDomainGetVcpus must not be NULL"},
		{remote.ProcDomainSetMemory, &remote.DomainSetMemoryArgs{}, virerr.FromDomain, virerr.InvalidArg, "memory in virDomainSetMemory must not be zero"},
		{remote.ProcDomainRename, &remote.DomainRenameArgs{NewName: new(string)}, virerr.FromDomain, virerr.InvalidArg, "string new_name in virDomainRename must not be empty"},
		{remote.ProcDomainSetMemoryStatsPeriod, &remote.DomainSetMemoryStatsPeriodArgs{Period: -1}, virerr.FromDomain, virerr.InvalidArg, "period in virDomainSetMemoryStatsPeriod must be zero or greater"},
		{remote.ProcDomainSetMemoryParameters, &remote.DomainSetMemoryParametersArgs{Params: []remote.TypedParam{
			{Field: strings.Repeat("n", 80), Value: remote.TypedParamValue{Type: 1}},
		}}, virerr.FromNone, virerr.InternalError, "too big for destination"},
	} {
		_, err := b.call(c.proc, c.args)
		b.refused(err, c.from, c.code, c.text)
	}
}

func TestFindRefuses(t *testing.T) {
	b := newBench(t, false, nil).open()
	for text, h := range map[string]wire.Header{
		"Cannot find program 7 version 1":         {Program: 7, Version: 1, Procedure: 1},
		"Cannot find program -1 version -1":       {Program: 0xffffffff, Version: 0xffffffff},
		"Cannot find program 536903814 version 2": {Program: remote.ID, Version: 2, Procedure: 1},
		"Unexpected message status 1":             {Program: remote.ID, Version: 1, Procedure: 1, Status: wire.Error},
		"unknown procedure: 0":                    {Program: remote.ID, Version: 1},
		"unknown procedure: -5":                   {Program: remote.ID, Version: 1, Procedure: -5},
		"unknown procedure: 107":                  {Program: remote.ID, Version: 1, Procedure: remote.ProcDomainEventLifecycle},
		"unknown procedure: 2147483647":           {Program: remote.ID, Version: 1, Procedure: 1<<31 - 1},
	} {
		_, _, err := b.d.Find(b.session, h)
		b.refused(err, virerr.FromRPC, virerr.RPC, text)
	}
}

func TestTablesRefuseMistakes(t *testing.T) {
	table := NewTable(&remote.Program)
	h := func(*Call, *Void) (*Void, error) { return nil, nil }
	Handle(table, remote.ProcConnectClose, Inline, h)
	for _, proc := range []int32{remote.ProcConnectClose, 0, 99999} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("procedure %d was taken", proc)
				}
			}()
			Handle(table, proc, Inline, h)
		}()
	}
	if (*Table)(nil).Handler(1) != nil || table.Handler(-1) != nil || table.Handler(99999) != nil {
		t.Error("a handler of nothing")
	}
}

// Every function belongs to the part of libvirt's library that its file is.
func TestErrorsComeFromTheirPart(t *testing.T) {
	for api, want := range map[string]virerr.Domain{
		"virDomainCreate": virerr.FromDomain, "virConnectGetType": virerr.FromDomain, "virNodeGetInfo": virerr.FromDomain,
		"virDomainSnapshotDelete": virerr.FromDomainSnapshot, "virDomainRevertToSnapshot": virerr.FromDomainSnapshot,
		"virDomainListAllCheckpoints": virerr.FromDomainCheckpoint, "virConnectNumOfNetworks": virerr.FromNetwork,
		"virStorageVolUpload": virerr.FromStorage, "virNodeDeviceReset": virerr.FromNodeDev, "virConnectListSecrets": virerr.FromSecret,
		"virNWFilterUndefine": virerr.FromNWFilter, "virInterfaceCreate": virerr.FromInterface, "virConnectOpen": virerr.FromNone,
	} {
		for i := range remote.Program.Procedures {
			if p := &remote.Program.Procedures[i]; p.API == api && errorDomain(p) != want {
				t.Errorf("%s: %d instead of %d", api, errorDomain(p), want)
			}
		}
	}
}

func TestSessionEnds(t *testing.T) {
	b := newBench(t, false, nil).open()
	var ended []string
	b.session.OnEnd(func() { ended = append(ended, "a") })
	cancel := b.session.OnEnd(func() { ended = append(ended, "b") })
	b.session.OnEnd(func() { panic("c") })
	cancel()
	b.session.End()
	b.session.End()
	b.session.OnEnd(func() { ended = append(ended, "late") })()
	if strings.Join(ended, " ") != "a late" || len(b.log.panics) != 1 {
		t.Error(ended, b.log.panics)
	}
	if b.session.Opened() || b.session.URI() != "" || b.session.Serves(program.Hypervisor) {
		t.Error("still open")
	}
}

// pipe is the backend of a stream, or a file: something that is closed.
type pipe struct{ closed bool }

func (*pipe) Read([]byte) (int, error)    { return 0, io.EOF }
func (*pipe) Write(b []byte) (int, error) { return len(b), nil }
func (p *pipe) Close() error              { p.closed = true; return nil }

func TestStreamsNeedAProcedureThatHasOne(t *testing.T) {
	b := newBench(t, false, nil)
	c := &Call{Session: b.session, Proc: remote.Program.Procedure(remote.ProcDomainCreate)}
	if err := c.Stream(new(pipe)); err == nil {
		t.Error("a stream out of place")
	}
	var got StreamBackend
	c.Opener = func(s StreamBackend) error { got = s; return nil }
	p := new(pipe)
	if err := c.Stream(p); err != nil || got != p {
		t.Error(err)
	}
}

func TestFilesAreClosedUnlessTaken(t *testing.T) {
	open := func() *os.File {
		f, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	in, taken, out := open(), open(), open()
	c := &Call{FDs: []*os.File{taken}}
	if got := c.TakeFDs(); len(got) != 1 || got[0] != taken {
		t.Error(got)
	}
	c.FDs = []*os.File{in}
	c.ReplyFDs(out)
	c.CloseFDs()
	if in.Close() == nil || out.Close() == nil || taken.Close() != nil {
		t.Error("not the files that should be closed are")
	}
}
