package rpc_test

import (
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/rpc"
	"virtree.dev/protocol/program"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virerr"
)

// Clients ask for keepalives before they open anything.
func TestKeepaliveIsAgreedOnBeforeOpen(t *testing.T) {
	path, _, _, _ := serve(t, limits, false)
	p := dial(t, path)
	const keepalive, fdPassing = 10, 8
	var ret remote.ConnectSupportsFeatureRet
	if err := p.Call(remote.ProcConnectSupportsFeature, &remote.ConnectSupportsFeatureArgs{Feature: keepalive}, &ret); err != nil || ret.Supported != 1 {
		t.Errorf("keepalive: %v, %d", err, ret.Supported)
	}
	err := p.Call(remote.ProcConnectSupportsFeature, &remote.ConnectSupportsFeatureArgs{Feature: fdPassing}, &ret)
	if err == nil || err.Message != "internal error: hypervisor connection not open" {
		t.Errorf("another feature: %v", err)
	}
	p.Open("")
	if err := p.Call(remote.ProcConnectSupportsFeature, &remote.ConnectSupportsFeatureArgs{Feature: fdPassing}, &ret); err != nil {
		t.Error(err)
	}
}

func TestWhatClientsAreToldIsLogged(t *testing.T) {
	core, logged := observer.New(zap.DebugLevel)
	var log dispatch.Log = rpc.New(rpc.Options{Log: zap.NewNop(), Errors: zap.New(core)})
	proc := &program.Procedure{API: "virDomainCreate"}
	log.Failed(proc, virerr.New(virerr.FromQEMU, virerr.OperationFailed, "it broke"))
	log.Failed(proc, virerr.New(virerr.FromQEMU, virerr.NoDomain, "no domain"))
	log.Failed(proc, virerr.From(virerr.FromQEMU, errPlain{}))
	want := []struct {
		level    string
		function string
	}{{"error", "TestWhatClientsAreToldIsLogged"}, {"debug", "TestWhatClientsAreToldIsLogged"}, {"error", "virDomainCreate"}}
	for i, e := range logged.All() {
		if e.Level.String() != want[i].level || !strings.HasSuffix(e.Caller.Function, want[i].function) {
			t.Errorf("%s: %s in %s, want %v", e.Message, e.Level, e.Caller.Function, want[i])
		}
		if f := e.ContextMap(); f["domain"] != int64(virerr.FromQEMU) || f["code"] == nil {
			t.Errorf("%s: fields %v", e.Message, f)
		}
	}
	if logged.Len() != len(want) {
		t.Errorf("%d messages, want %d", logged.Len(), len(want))
	}
}

type errPlain struct{}

func (errPlain) Error() string { return "plain" }
