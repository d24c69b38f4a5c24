package dispatch_test

import (
	"context"
	"testing"

	"virtree.dev/actors/dispatch"
	"virtree.dev/protocol/program"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/wire"
)

// silence hears of nothing.
type silence struct{}

func (silence) Panic(string, any, []byte)                {}
func (silence) Failed(*program.Procedure, *virerr.Error) {}

// From the header of a call to its result: find the handler, decode, check, run.
func BenchmarkDispatch(b *testing.B) {
	table := dispatch.NewTable(&remote.Program)
	dispatch.Handle(table, remote.ProcDomainGetXMLDesc, dispatch.Inline,
		func(_ *dispatch.Call, a *remote.DomainGetXMLDescArgs) (*remote.DomainGetXMLDescRet, error) {
			return &remote.DomainGetXMLDescRet{XML: a.Dom.Name}, nil
		})
	d := dispatch.New(dispatch.NewTable(&remote.Program))
	s := dispatch.NewSession(1, dispatch.Identity{}, false, nil, silence{})
	s.Authenticate()
	s.Open("QEMU", "qemu:///system", map[program.Owner]map[uint32]*dispatch.Table{program.Hypervisor: {remote.ID: table}})
	h := wire.Header{Program: remote.ID, Version: 1, Procedure: remote.ProcDomainGetXMLDesc, Type: wire.Call}
	payload := (&remote.DomainGetXMLDescArgs{Dom: remote.NonnullDomain{Name: "vm"}}).AppendXDR(nil)
	b.ReportAllocs()
	for b.Loop() {
		proc, handler, err := d.Find(s, h)
		if err != nil {
			b.Fatal(err)
		}
		c := &dispatch.Call{Context: context.Background(), Session: s, Program: h.Program, Proc: proc}
		if _, err := handler.Run(c, payload); err != nil {
			b.Fatal(err)
		}
	}
}
