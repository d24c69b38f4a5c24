package rpc

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"virtree.dev/actors/dispatch"
	"virtree.dev/protocol/remote"
)

// Holds that come to nothing, for one call takes its time, lose no other call: those
// that were taken back begin when the hold ends, also where it ends at that moment.
func TestHoldsThatComeToNothing(t *testing.T) {
	stuck, goOn := make(chan struct{}), make(chan struct{})
	r := newRig(t, few(nil), with(func(r *rig) {
		dispatch.Handle(r.table, remote.ProcConnectGetHostname, dispatch.Worker, func(*dispatch.Call, *dispatch.Void) (*remote.ConnectGetHostnameRet, error) {
			close(stuck)
			<-goOn
			return &remote.ConnectGetHostnameRet{Hostname: "slow"}, nil
		})
		dispatch.Handle(r.table, remote.ProcConnectGetType, dispatch.Worker, func(*dispatch.Call, *dispatch.Void) (*remote.ConnectGetTypeRet, error) {
			return &remote.ConnectGetTypeRet{Type: "quick"}, nil
		})
	}))
	slow := r.open()
	slow.Send(slow.Header(remote.ProcConnectGetHostname), nil)
	<-stuck
	var callers sync.WaitGroup
	for range 4 {
		c := r.open()
		callers.Go(func() {
			for range 50 {
				if err := c.Call(remote.ProcConnectGetType, nil, nil); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	over := make(chan struct{})
	go func() {
		defer close(over)
		callers.Wait()
	}()
	for holds := true; holds; {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Microsecond)
		if err := r.server.Hold(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("held while a call runs: %v", err)
		}
		cancel()
		select {
		case <-over:
			holds = false
		default:
		}
	}
	close(goOn)
	slow.Receive()
	if err := r.server.Hold(t.Context()); err != nil {
		t.Error(err)
	}
	r.server.GoOn()
}
