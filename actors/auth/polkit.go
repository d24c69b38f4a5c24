package auth

import (
	"context"
	"os"
	"strconv"
	"sync/atomic"

	"github.com/godbus/dbus/v5"

	"virtree.dev/actors/dispatch"
	"virtree.dev/internal/hostinfo"
	"virtree.dev/protocol/virerr"
)

// The authority on the system bus.
const (
	authorityName = "org.freedesktop.PolicyKit1"
	authorityPath = "/org/freedesktop/PolicyKit1/Authority"
	checkCall     = authorityName + ".Authority.CheckAuthorization"
	cancelCall    = authorityName + ".Authority.CancelCheckAuthorization"
)

// mayAsk lets polkit ask the user.
const mayAsk = uint32(1)

// Bus is as much of a bus as a check needs.
type Bus interface {
	// Begin calls a method; the channel gives the answer, or the end of the context.
	Begin(ctx context.Context, method string, args ...any) <-chan *dbus.Call
}

// Polkit asks the host's policy.
type Polkit struct {
	bus   Bus
	began func(pid int) (uint64, error) // when a process began, in clock ticks since boot
	last  atomic.Uint64                 // number of a check
}

// NewPolkit asks over the system bus.
func NewPolkit() *Polkit { return &Polkit{bus: &systemBus{}, began: startTime} }

// subject is who wants something.
type subject struct {
	Kind    string
	Details map[string]dbus.Variant
}

// answer is polkit's.
type answer struct {
	Authorized, Challenge bool
	Details               map[string]string
}

// Allow gives nil where the policy lets the process of a client do something.
func (p *Polkit) Allow(ctx context.Context, who dispatch.Identity, action string) error {
	client, err := p.subjectOf(who)
	if err != nil {
		return err
	}
	id := p.newID()
	reply := <-p.bus.Begin(ctx, checkCall, client, action, map[string]string{}, mayAsk, id)
	if ctx.Err() != nil {
		p.takeBack(ctx, id)
		return failed("the client has gone")
	}
	a, err := readAnswer(action, reply)
	if err != nil {
		return err
	}
	return a.verdict(action, who)
}

// newID names a check, so that it can be taken back.
func (p *Polkit) newID() string {
	return "virtree-" + strconv.Itoa(os.Getpid()) + "-" + strconv.FormatUint(p.last.Add(1), 10)
}

// takeBack tells polkit that nobody waits for a check any more, and waits for no answer.
func (p *Polkit) takeBack(ctx context.Context, id string) {
	ctx, forget := context.WithCancel(context.WithoutCancel(ctx))
	defer forget()
	p.bus.Begin(ctx, cancelCall, id)
}

// subjectOf names a client to polkit by its process: the number alone could be another's by now.
func (p *Polkit) subjectOf(who dispatch.Identity) (subject, error) {
	if who.PID <= 0 || who.UID < 0 {
		return subject{}, failed("the client's process is not known")
	}
	began := who.ProcessTime
	if began == 0 {
		var err error
		if began, err = p.began(who.PID); err != nil {
			return subject{}, failed("cannot tell when process %d of the client began: %v", who.PID, err)
		}
	}
	return subject{"unix-process", map[string]dbus.Variant{
		"pid":        dbus.MakeVariant(uint32(who.PID)),
		"start-time": dbus.MakeVariant(began),
		"uid":        dbus.MakeVariant(int32(who.UID)),
	}}, nil
}

func readAnswer(action string, reply *dbus.Call) (a answer, err error) {
	if reply.Err != nil {
		return a, failed("polkit cannot be asked whether %s is allowed: %v; is polkitd running?", action, reply.Err)
	}
	if err := dbus.Store(reply.Body, &a); err != nil {
		return a, failed("polkit's answer is not understood: %v", err)
	}
	return a, nil
}

func failed(format string, args ...any) error {
	return virerr.New(virerr.FromPolkit, virerr.AuthFailed, format, args...)
}

func (a *answer) verdict(action string, who dispatch.Identity) error {
	switch {
	case a.Authorized:
		return nil
	case a.Details["polkit.dismissed"] == "true":
		return virerr.New(virerr.FromPolkit, virerr.AuthCancelled, "user cancelled authentication process")
	case a.Challenge:
		return virerr.New(virerr.FromPolkit, virerr.AuthUnavailable, "no polkit agent available to authenticate action '%s'", action)
	}
	return failed("access denied by policy (action '%s' for uid %d: a polkit rule can allow it)", action, who.UID)
}

// startTime reads when a process began.
func startTime(pid int) (uint64, error) {
	times, err := hostinfo.Host{}.ProcessTimes(pid)
	return times.Start, err
}
