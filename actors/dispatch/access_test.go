package dispatch

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"

	"virtree.dev/protocol/lxcprog"
	"virtree.dev/protocol/program"
	"virtree.dev/protocol/qemuprog"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/virtype"
	"virtree.dev/protocol/xdr"
)

// warden is an access driver that refuses permissions, and objects by name.
type warden struct {
	refuses []string
	asked   []string
}

func (w *warden) Allowed(_ context.Context, _ Identity, questions []Question) []bool {
	answers := make([]bool, len(questions))
	for i, q := range questions {
		what := q.Object + ":" + q.Permission
		if name := q.Details["domain_name"]; name != "" {
			what += ":" + name
		}
		w.asked = append(w.asked, q.Details[DriverDetail]+" "+what)
		answers[i] = !slices.ContainsFunc(w.refuses, func(r string) bool { return strings.HasPrefix(what, r) })
	}
	return answers
}

func (w *warden) take() string {
	asked := strings.Join(w.asked, ", ")
	w.asked = nil
	return asked
}

// findStub knows one domain, by its UUID.
func findStub(named any) (map[string]string, error) {
	if d := named.(*remote.NonnullDomain); d.UUID != (remote.UUID{7}) {
		return nil, virerr.New(virerr.FromQEMU, virerr.NoDomain, "none")
	}
	return map[string]string{"domain_name": "seven"}, nil
}

func TestAccessIsAskedByWhatTheCallNeeds(t *testing.T) {
	seven := remote.NonnullDomain{Name: "a lie", UUID: remote.UUID{7}}
	for _, c := range []struct {
		proc int32
		args xdr.Value
		want string
	}{
		{remote.ProcConnectGetHostname, nil, "QEMU connect:getattr"},
		{remote.ProcDomainDestroy, &remote.DomainDestroyArgs{Dom: seven}, "QEMU domain:stop:seven"},
		{remote.ProcDomainSetMemoryFlags, &remote.DomainSetMemoryFlagsArgs{Dom: seven, Memory: 1}, "QEMU domain:write:seven, QEMU domain:save:seven"},
		{
			remote.ProcDomainSetMemoryFlags, &remote.DomainSetMemoryFlagsArgs{Dom: seven, Memory: 1, Flags: virtype.DomainAffectLive},
			"QEMU domain:write:seven",
		},
		{
			remote.ProcDomainSetMemoryFlags, &remote.DomainSetMemoryFlagsArgs{Dom: seven, Memory: 1, Flags: virtype.DomainAffectLive | virtype.DomainAffectConfig},
			"QEMU domain:write:seven, QEMU domain:save:seven",
		},
		{remote.ProcDomainInterfaceAddresses, &remote.DomainInterfaceAddressesArgs{Dom: seven}, "QEMU domain:read:seven"},
		{remote.ProcDomainInterfaceAddresses, &remote.DomainInterfaceAddressesArgs{Dom: seven, Source: 1}, "QEMU domain:read:seven, QEMU domain:write:seven"},
		{remote.ProcDomainSnapshotNumChildren, &remote.DomainSnapshotNumChildrenArgs{Snap: remote.NonnullDomainSnapshot{Dom: seven}}, "QEMU domain:read:seven"},
	} {
		w := &warden{}
		b := newBench(t, false, w).open()
		b.table.Find(findStub)
		handleGuarded(b.table)
		if _, err := b.call(c.proc, c.args); err != nil {
			t.Error(c.proc, err)
		}
		if got := w.take(); got != c.want {
			t.Errorf("%d: asked %s instead of %s", c.proc, got, c.want)
		}
	}
}

func handleGuarded(t *Table) {
	Handle(t, remote.ProcConnectGetHostname, Inline, func(*Call, *Void) (*remote.ConnectGetHostnameRet, error) {
		return &remote.ConnectGetHostnameRet{Hostname: "h"}, nil
	})
	Handle(t, remote.ProcDomainDestroy, Worker, func(*Call, *remote.DomainDestroyArgs) (*Void, error) { return nil, nil })
	Handle(t, remote.ProcDomainSetMemoryFlags, Worker, func(*Call, *remote.DomainSetMemoryFlagsArgs) (*Void, error) { return nil, nil })
	Handle(t, remote.ProcDomainInterfaceAddresses, Worker, func(*Call, *remote.DomainInterfaceAddressesArgs) (*remote.DomainInterfaceAddressesRet, error) {
		return &remote.DomainInterfaceAddressesRet{}, nil
	})
	Handle(t, remote.ProcDomainSnapshotNumChildren, Worker, func(*Call, *remote.DomainSnapshotNumChildrenArgs) (*remote.DomainSnapshotNumChildrenRet, error) {
		return &remote.DomainSnapshotNumChildrenRet{}, nil
	})
	Handle(t, remote.ProcDomainLookupByName, Inline, func(c *Call, a *remote.DomainLookupByNameArgs) (*remote.DomainLookupByNameRet, error) {
		return nil, c.Ensure(map[string]string{"domain_name": a.Name})
	})
	t.AsksItself(remote.ProcDomainLookupByName)
	Handle(t, remote.ProcConnectListDefinedDomains, Inline, func(c *Call, _ *remote.ConnectListDefinedDomainsArgs) (*remote.ConnectListDefinedDomainsRet, error) {
		names := Permitted(c, []string{"a", "b", "c"}, func(s string) map[string]string { return map[string]string{"domain_name": s} })
		return &remote.ConnectListDefinedDomainsRet{Names: names}, nil
	})
}

func TestAccessIsDeniedInLibvirtsWords(t *testing.T) {
	w := &warden{refuses: []string{"domain:stop", "domain:getattr:b"}}
	b := newBench(t, false, w).open()
	b.table.Find(findStub)
	handleGuarded(b.table)
	const text = "access denied: 'QEMU' denied access"
	_, err := b.call(remote.ProcDomainDestroy, &remote.DomainDestroyArgs{Dom: remote.NonnullDomain{UUID: remote.UUID{7}}})
	b.refused(err, virerr.FromAccess, virerr.AccessDenied, text)
	_, err = b.call(remote.ProcDomainDestroy, &remote.DomainDestroyArgs{})
	b.refused(err, virerr.FromQEMU, virerr.NoDomain, "none")
	_, err = b.call(remote.ProcDomainLookupByName, &remote.DomainLookupByNameArgs{Name: "b"})
	b.refused(err, virerr.FromAccess, virerr.AccessDenied, text)
	if _, err = b.call(remote.ProcDomainLookupByName, &remote.DomainLookupByNameArgs{Name: "a"}); err != nil {
		t.Error(err)
	}
	v, err := b.call(remote.ProcConnectListDefinedDomains, &remote.ConnectListDefinedDomainsArgs{Maxnames: 3})
	if err != nil || !slices.Equal(v.(*remote.ConnectListDefinedDomainsRet).Names, []string{"a", "c"}) {
		t.Error(v, err)
	}
}

// Who cannot say which object a call is about lets nobody call.
func TestAccessWithoutAnObjectIsDenied(t *testing.T) {
	b := newBench(t, false, &warden{}).open()
	Handle(b.table, remote.ProcDomainDestroy, Worker, func(*Call, *remote.DomainDestroyArgs) (*Void, error) { return nil, nil })
	_, err := b.call(remote.ProcDomainDestroy, &remote.DomainDestroyArgs{})
	b.refused(err, virerr.FromAccess, virerr.AccessDenied, "'QEMU' denied access")
	if names := b.table.Unaskable(); !slices.Equal(names, []string{"DOMAIN_DESTROY"}) {
		t.Error(names)
	}
}

func TestWhatAsksRunsOnNoReader(t *testing.T) {
	b := newBench(t, false, &warden{}).open()
	handleGuarded(b.table)
	Handle(b.table, remote.ProcConnectGetLibVersion, Inline, func(*Call, *Void) (*remote.ConnectGetLibVersionRet, error) { return nil, os.ErrNotExist })
	if !b.table.Handler(remote.ProcConnectGetHostname).Asks(b.session) {
		t.Error("a call that asks may run inline")
	}
	open := newBench(t, false, nil).open()
	if b.table.Handler(remote.ProcConnectGetHostname).Asks(open.session) {
		t.Error("nobody is to be asked")
	}
}

// All rules of all programs can be read, and depend on fields that are there.
func TestAllRulesAreUnderstood(t *testing.T) {
	for _, prog := range []*program.Program{&remote.Program, &qemuprog.Program, &lxcprog.Program} {
		for i := range prog.Procedures {
			p := &prog.Procedures[i]
			for _, text := range append(p.ACL[:len(p.ACL):len(p.ACL)], p.ACLFilter...) {
				r := parseRule(text)
				if r.Object != "connect" && wireTypes[r.Object] == nil {
					t.Errorf("%s: %s is unknown", p.Name, r.Object)
				}
				if p.Args == nil && (r.flags != 0 || r.field != "") {
					t.Errorf("%s: %s without arguments", p.Name, text)
				}
				if p.Args != nil {
					r.applies(p.Args())
				}
			}
		}
	}
}
