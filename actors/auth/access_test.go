package auth

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/godbus/dbus/v5"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"virtree.dev/actors/dispatch"
)

// judge answers by a detail, after a while; a mute one does not at all.
type judge struct {
	mu               sync.Mutex
	mute, broken     bool
	with, most, took int // questions in hand, the most at once, cancelled ones
	seen             []any
}

func (j *judge) Begin(ctx context.Context, method string, args ...any) <-chan *dbus.Call {
	j.mu.Lock()
	defer j.mu.Unlock()
	done := make(chan *dbus.Call, 1)
	if strings.HasSuffix(method, ".CancelCheckAuthorization") {
		j.took++
		done <- &dbus.Call{}
		return done
	}
	j.seen = args
	j.with++
	j.most = max(j.most, j.with)
	switch {
	case j.broken:
		done <- &dbus.Call{Err: errors.New("no bus")}
	case j.mute:
		context.AfterFunc(ctx, func() { done <- &dbus.Call{Err: ctx.Err()} })
	default:
		yes := args[2].(map[string]string)["domain_name"] != "no"
		time.AfterFunc(time.Second, func() {
			j.mu.Lock()
			j.with--
			j.mu.Unlock()
			done <- &dbus.Call{Body: []any{[]any{yes, false, map[string]string{}}}}
		})
	}
	return done
}

var caller = dispatch.Identity{PID: 7, UID: 1000, ProcessTime: 5}

func newJudged(j *judge) (*Access, *observer.ObservedLogs) {
	core, book := observer.New(zap.InfoLevel)
	return newAccess(&Polkit{bus: j, began: func(int) (uint64, error) { return 1, nil }}, zap.New(core)), book
}

func questions(names ...string) []dispatch.Question {
	var list []dispatch.Question
	for _, n := range names {
		list = append(list, dispatch.Question{Object: "storage_pool", Permission: "search_storage_vols", Details: map[string]string{"domain_name": n}})
	}
	return list
}

func TestAQuestionNamesTheClientAndItsAction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &judge{}
		a, book := newJudged(j)
		if got := a.Allowed(t.Context(), caller, questions("yes", "no", "yes")); !slices.Equal(got, []bool{true, false, true}) {
			t.Error(got)
		}
		who := j.seen[0].(subject)
		if who.Kind != "unix-process" || who.Details["pid"].Value() != uint32(7) || who.Details["uid"].Value() != int32(1000) ||
			who.Details["start-time"].Value() != uint64(5) {
			t.Error(who)
		}
		if j.seen[1] != "org.libvirt.api.storage-pool.search-storage-vols" || j.seen[3] != uint32(0) {
			t.Error(j.seen)
		}
		if book.Len() != 1 || !strings.Contains(book.All()[0].Message, "denies") {
			t.Error(book.All())
		}
	})
}

func TestManyQuestionsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &judge{}
		a, _ := newJudged(j)
		var names []string
		for i := range 100 {
			names = append(names, strconv.Itoa(i))
		}
		got := a.Allowed(t.Context(), caller, questions(names...))
		if slices.Contains(got, false) || j.most > window || j.most < 2 || len(a.tokens) != 0 {
			t.Error(got, j.most, len(a.tokens))
		}
	})
}

func TestNobodyIsAllowedWhatCannotBeAsked(t *testing.T) {
	for what, who := range map[string]dispatch.Identity{
		"no process":    dispatch.Nobody(),
		"no start time": {PID: 7, UID: 1000},
	} {
		j := &judge{}
		a, book := newJudged(j)
		if got := a.Allowed(t.Context(), who, questions("yes")); got[0] || j.seen != nil || book.Len() != 1 {
			t.Error(what, got, j.seen)
		}
	}
	a, book := newJudged(&judge{broken: true})
	if got := a.Allowed(t.Context(), caller, questions("a", "b")); slices.Contains(got, true) || book.Len() != 1 {
		t.Error(got, book.All())
	}
}

func TestAnAnswerIsNotAwaitedForever(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &judge{mute: true}
		a, book := newJudged(j)
		began := time.Now()
		got := a.Allowed(t.Context(), caller, questions(make([]string, 100)...))
		if slices.Contains(got, true) || time.Since(began) > patience || j.took != window || book.Len() != 1 || len(a.tokens) != 0 {
			t.Error(got, time.Since(began), j.took, book.All())
		}
		ctx, leave := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, leave)
		began = time.Now()
		a.Allowed(ctx, caller, questions("a"))
		if time.Since(began) > time.Second || book.Len() != 1 {
			t.Error("a client that has gone is waited for")
		}
	})
}
