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
	Call(ctx context.Context, method string, args ...any) ([]any, error)
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
	if who.PID <= 0 || who.UID < 0 {
		return failed("the client's process is not known")
	}
	began, err := p.began(who.PID)
	if err != nil {
		return failed("cannot tell when process %d of the client began: %v", who.PID, err)
	}
	id := "virtree-" + strconv.Itoa(os.Getpid()) + "-" + strconv.FormatUint(p.last.Add(1), 10)
	client := subject{"unix-process", map[string]dbus.Variant{
		"pid":        dbus.MakeVariant(uint32(who.PID)),
		"start-time": dbus.MakeVariant(began),
		"uid":        dbus.MakeVariant(int32(who.UID)),
	}}
	reply, err := p.bus.Call(ctx, checkCall, client, action, map[string]string{}, mayAsk, id)
	if ctx.Err() != nil {
		_, _ = p.bus.Call(context.WithoutCancel(ctx), cancelCall, id)
		return failed("the client has gone")
	}
	if err != nil {
		return failed("polkit cannot be asked whether %s is allowed: %v; is polkitd running?", action, err)
	}
	var a answer
	if err := dbus.Store(reply, &a); err != nil {
		return failed("polkit's answer is not understood: %v", err)
	}
	return a.verdict(action, who)
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
