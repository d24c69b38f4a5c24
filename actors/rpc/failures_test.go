package rpc

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

func TestFloodsOfFailuresAreCounted(t *testing.T) {
	core, logged := observer.New(zap.DebugLevel)
	f := &failures{log: zap.New(core)}
	now := time.Now()
	for range 1000 {
		f.note("192.0.2.1", "no", now)
	}
	f.note("192.0.2.2", "no", now)
	f.settle(now.Add(failuresTime - time.Second))
	if n := logged.Len(); n != failuresSaid+1 {
		t.Errorf("%d lines", n)
	}
	logged.TakeAll()
	f.settle(now.Add(failuresTime))
	if all := logged.TakeAll(); len(all) != 1 || !strings.Contains(all[0].Message, "995 more clients from 192.0.2.1 ") {
		t.Errorf("said %v", all)
	}
	for i := range 10 * failuresPeers {
		f.note(fmt.Sprint("peer ", i), "no", now)
	}
	if n := len(f.counts); n > failuresPeers+1 {
		t.Errorf("%d peers are told apart", n)
	}
	if n := logged.Len(); n != failuresPeers+failuresSaid {
		t.Errorf("%d lines", n)
	}
}
