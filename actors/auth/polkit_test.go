package auth

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/godbus/dbus/v5"

	"virtree.dev/actors/dispatch"
	"virtree.dev/protocol/virerr"
)

// oracle answers as a test says.
type oracle struct {
	authorized, challenge bool
	details               map[string]string
	err                   error
	calls                 []string
	during                func()
}

func (o *oracle) Begin(_ context.Context, method string, args ...any) <-chan *dbus.Call {
	body, err := o.answer(method, args)
	done := make(chan *dbus.Call, 1)
	done <- &dbus.Call{Body: body, Err: err}
	return done
}

func (o *oracle) answer(method string, args []any) ([]any, error) {
	o.calls = append(o.calls, method[strings.LastIndexByte(method, '.')+1:])
	if o.during != nil {
		o.during()
	}
	if method == checkCall && (args[1] != "org.libvirt.unix.manage" || args[0].(subject).Details["pid"].Value() != uint32(7)) {
		return nil, errors.New("wrong question")
	}
	return []any{[]any{o.authorized, o.challenge, o.details}}, o.err
}

func ask(ctx context.Context, o *oracle) *virerr.Error {
	p := &Polkit{bus: o, began: func(int) (uint64, error) { return 1, nil }}
	err := p.Allow(ctx, dispatch.Identity{PID: 7, UID: 1000}, "org.libvirt.unix.manage")
	if err == nil {
		return nil
	}
	return virerr.From(virerr.FromNone, err)
}

func TestVerdicts(t *testing.T) {
	for _, tt := range []struct {
		what string
		o    oracle
		code virerr.Code // 0: allowed
		text string
	}{
		{"yes", oracle{authorized: true}, 0, ""},
		{"no", oracle{}, virerr.AuthFailed, "access denied by policy (action 'org.libvirt.unix.manage' for uid 1000"},
		{"nobody to ask", oracle{challenge: true}, virerr.AuthUnavailable, "no polkit agent available to authenticate action 'org.libvirt.unix.manage'"},
		{"dismissed", oracle{challenge: true, details: map[string]string{"polkit.dismissed": "true"}}, virerr.AuthCancelled, "user cancelled authentication process"},
		{"no polkit", oracle{err: errors.New("no bus")}, virerr.AuthFailed, "polkit cannot be asked whether org.libvirt.unix.manage is allowed: no bus"},
	} {
		err := ask(context.Background(), &tt.o)
		switch {
		case tt.code == 0:
			if err != nil {
				t.Errorf("%s: %v", tt.what, err)
			}
		case err == nil || err.Code != tt.code || !strings.Contains(err.Error(), tt.text):
			t.Errorf("%s: %v", tt.what, err)
		}
	}
}

func TestAQuestionIsTakenBackWithItsClient(t *testing.T) {
	ctx, leave := context.WithCancel(context.Background())
	o := &oracle{during: leave}
	if err := ask(ctx, o); err == nil {
		t.Error("who has gone is allowed nothing")
	}
	if len(o.calls) != 2 || o.calls[1] != "CancelCheckAuthorization" {
		t.Errorf("calls: %q", o.calls)
	}
}

func TestStartTimes(t *testing.T) {
	if n, err := startTime(os.Getpid()); err != nil || n == 0 {
		t.Errorf("%d %v", n, err)
	}
	if _, err := startTime(1 << 30); err == nil {
		t.Error("a process that is not there began")
	}
}
