package connection

import (
	"context"
	"errors"
	"testing"

	"virtree.dev/actors/dispatch"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/sasl"
	"virtree.dev/protocol/virerr"
)

// gate lets in who says "yes" after "hello", and notes what it is told.
type gate struct {
	mechanisms []string
	denied     error
	failed     []string
	waited     int
	came       string
}

func (g *gate) Mechanisms(dispatch.Way) ([]string, error) { return g.mechanisms, nil }
func (g *gate) Begin(m string, _ dispatch.Way) (sasl.Exchange, error) {
	if m != "M" {
		return nil, errors.New("no such mechanism")
	}
	return &hello{}, nil
}
func (g *gate) Admit(string, sasl.Layer, dispatch.Way) error { return g.denied }
func (g *gate) Failed(_ *dispatch.Session, _, user string, why error) {
	g.failed = append(g.failed, user+": "+why.Error())
}
func (g *gate) Came(_ *dispatch.Session, mechanism, user string) { g.came = mechanism + " " + user }
func (g *gate) Wait(context.Context, *dispatch.Session) error    { g.waited++; return nil }

type hello struct{ greeted bool }

func (*hello) User() string      { return "bob" }
func (*hello) Layer() sasl.Layer { return nil }
func (h *hello) Step(in []byte) ([]byte, bool, error) {
	switch {
	case in == nil:
		return nil, false, nil
	case string(in) == "hello" && !h.greeted:
		h.greeted = true
		return []byte("who?"), false, nil
	case string(in) == "yes" && h.greeted:
		return []byte{}, true, nil
	}
	return nil, false, errors.New("a foe")
}

func newGate(t *testing.T) (*bench, *gate) {
	t.Helper()
	b, g := newBench(t, everything), &gate{mechanisms: []string{"M", "N"}}
	b.service.Negotiate(g)
	b.session.Demand(dispatch.AuthSASL)
	return b, g
}

func (b *bench) begin(mechanism, text string) (ret remote.AuthSASLStartRet, err error) {
	err = b.call(remote.ID, remote.ProcAuthSASLStart, &remote.AuthSASLStartArgs{Mech: mechanism, Data: toWire([]byte(text))}, &ret)
	return ret, err
}

func (b *bench) step(text string) (ret remote.AuthSASLStepRet, err error) {
	err = b.call(remote.ID, remote.ProcAuthSASLStep, &remote.AuthSASLStepArgs{Data: toWire([]byte(text))}, &ret)
	return ret, err
}

func (b *bench) init() (list string, err error) {
	var ret remote.AuthSASLInitRet
	err = b.call(remote.ID, remote.ProcAuthSASLInit, nil, &ret)
	return ret.Mechlist, err
}

func TestNegotiation(t *testing.T) {
	b, g := newGate(t)
	if list, err := b.init(); list != "M,N" || err != nil {
		t.Fatal(list, err)
	}
	ret, err := b.begin("M", "hello")
	if err != nil || ret.Complete != 0 || ret.Nil != 0 || string(fromWire(ret.Data)) != "who?" || b.session.Authenticated() {
		t.Fatal(ret, err)
	}
	last, err := b.step("yes")
	if err != nil || last.Complete != 1 || last.Nil != 0 || !b.session.Authenticated() || b.session.Identity().SASLUser != "bob" || g.came != "M bob" {
		t.Fatal(last, err, g.came)
	}
	if _, err := b.init(); err == nil {
		t.Error("a client that is in begins again")
	}
	if len(g.failed) != 0 {
		t.Error(g.failed)
	}
}

func TestNegotiationsThatFail(t *testing.T) {
	const text = "authentication failed: authentication failed"
	b, g := newGate(t)
	check := func(what string, err error) {
		t.Helper()
		b.refused(err, virerr.AuthFailed, text)
		if len(g.failed) != 1 || g.failed[0] != what || g.waited == 0 || b.session.Authenticated() {
			t.Errorf("%q, waited %d", g.failed, g.waited)
		}
		g.failed, g.waited = nil, 0
	}
	_, err := b.begin("M", "hello")
	check(": client tried invalid SASL start request", err)
	_, err = b.step("yes")
	check(": client tried invalid SASL start request", err)
	ready := func() {
		t.Helper()
		if _, err := b.init(); err != nil {
			t.Fatal(err)
		}
	}
	ready()
	_, err = b.init()
	check(": client tried invalid SASL init request", err)
	_, err = b.begin("X", "")
	check(": no such mechanism", err)
	_, err = b.step("hello")
	check(": client tried invalid SASL start request", err)
	ready() // a client may try again
	_, err = b.begin("M", "yes")
	check("bob: a foe", err)
	ready()
	if ret, err := b.begin("M", "hello"); err != nil || ret.Complete != 0 {
		t.Fatal(err)
	}
	g.denied = errors.New("not on the list")
	g.waited = 0
	_, err = b.step("yes")
	check("bob: not on the list", err)
	if b.session.Identity().SASLUser != "" {
		t.Error("who was denied has a name")
	}
	g.mechanisms = nil
	_, err = b.init()
	check(": no SASL mechanisms are available: on plain TCP there is GSSAPI alone", err)
}

// TestNegotiationsOfAFormerProgram freezes clients where they are.
func TestNegotiationsOfAFormerProgram(t *testing.T) {
	move := func(from *bench) (*bench, *gate) {
		t.Helper()
		state, err := from.service.FreezeSession(from.session)
		if err != nil {
			t.Fatal(err)
		}
		b, g := newGate(t)
		if err := b.service.ThawSession(b.session, state); err != nil {
			t.Fatal(err)
		}
		return b, g
	}
	b, _ := newGate(t)
	if _, err := b.init(); err != nil {
		t.Fatal(err)
	}
	b, _ = move(b) // it was only offered something: it goes on
	if ret, err := b.begin("M", "hello"); err != nil || ret.Complete != 0 {
		t.Fatal(err)
	}
	b, _ = move(b)
	b, g := move(b) // and is carried on once more
	_, err := b.step("yes")
	b.refused(err, virerr.AuthFailed, "authentication failed")
	if len(g.failed) != 1 || g.failed[0] != ": it was begun with the former program, and the client has to begin again" {
		t.Error(g.failed)
	}
	if _, err := b.init(); err != nil {
		t.Error("it cannot begin again:", err)
	}
	if _, err := b.begin("M", "hello"); err != nil {
		t.Error(err)
	}
	if _, err := b.step("yes"); err != nil || !b.session.Authenticated() {
		t.Error(err)
	}
}
