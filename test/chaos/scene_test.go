package chaos

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"virtree.dev/protocol/remote"
)

// scene is a domain in the moment of a blow.
type scene struct {
	*client
	p    *place
	name string
	id   int32 // of its machine, when that was there before the blow
	// point is what was armed.
	point string
}

func (s *scene) dom() dom { return s.lookup(s.name) }

func (s *scene) mustBe(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// Before the blow.

func nothing(*scene) {}

func defined(s *scene) { s.mustBe(s.define(document(s.name, "old"))) }

func started(s *scene) {
	defined(s)
	s.mustBe(s.create(s.dom()))
	s.id = s.dom().ID
}

func markedForStart(s *scene) {
	defined(s)
	s.mustBe(s.setAutostart(s.dom(), true))
}

// withButton is a machine whose guest heeds the power button.
func withButton(s *scene) {
	s.mustBe(s.define(buttonDocument(s.p, s.name)))
	s.mustBe(s.create(s.dom()))
	s.id = s.dom().ID
}

// The operations.

func defineAnew(s *scene) error { return s.define(document(s.name, "new")) }
func startIt(s *scene) error    { return s.create(s.dom()) }
func destroyIt(s *scene) error  { return s.destroy(s.dom()) }
func undefineIt(s *scene) error { return s.undefine(s.dom()) }
func renameIt(s *scene) error   { return s.rename(s.dom(), s.name+"-next") }
func markIt(s *scene) error     { return s.setAutostart(s.dom(), true) }
func unmarkIt(s *scene) error   { return s.setAutostart(s.dom(), false) }
func suspendIt(s *scene) error  { return s.whatever(s.suspend(s.dom())) }

func pressOff(s *scene) error {
	d := s.dom()
	return s.press(func() error {
		return s.call(remote.ProcDomainShutdown, &remote.DomainShutdownArgs{Dom: d}, nil)
	})
}

func pressReboot(s *scene) error {
	d := s.dom()
	return s.press(func() error {
		return s.call(remote.ProcDomainReboot, &remote.DomainRebootArgs{Dom: d}, nil)
	})
}

// press presses a button until the guest has got as far as to heed it, and that is the end of the daemon.
func (s *scene) press(button func() error) error {
	for until := time.Now().Add(patience); time.Now().Before(until); time.Sleep(100 * time.Millisecond) {
		if err := button(); err != nil {
			return s.whatever(err)
		}
	}
	return nil
}

// whatever waits for the daemon to go: any answer may have been quicker.
func (s *scene) whatever(error) error {
	s.p.ended()
	return errLost
}

// restartIt lets the daemon die while it takes up what there is.
func restartIt(s *scene) error {
	s.p.kill()
	s.p.launch(libvirtd(s.t))
	s.p.ended()
	return errLost
}

// bootIt starts a daemon as after a boot of the host: nothing was started automatically yet.
func bootIt(s *scene) error {
	s.p.kill()
	if err := os.Remove(s.p.state("autostarted")); err != nil {
		return err
	}
	s.p.launch(libvirtd(s.t))
	s.p.ended()
	return errLost
}

// probeIt lets the daemon die while it asks QEMU what it can do.
func probeIt(s *scene) error {
	s.p.kill()
	if err := os.RemoveAll(s.p.path(capabilities)); err != nil {
		return err
	}
	s.p.launch(libvirtd(s.t))
	s.p.ended()
	if len(s.p.machines()) == 0 {
		return errors.New("nothing was asked")
	}
	return errLost
}

// After the blow.

func absent(s *scene) error {
	if s.find(s.name) != nil {
		return fmt.Errorf("%s is there", s.name)
	}
	return nil
}

// found wants the domain, and gives it to a check.
func found(check func(s *scene, d dom) error) func(*scene) error {
	return func(s *scene) error {
		d := s.find(s.name)
		if d == nil {
			return fmt.Errorf("%s is lost", s.name)
		}
		return check(s, *d)
	}
}

// titled wants the definition with that title.
func titled(title string) func(*scene) error {
	return found(func(s *scene, d dom) error {
		if !strings.Contains(s.xml(d, 0), "<title>"+title+"</title>") {
			return fmt.Errorf("the title of %s is not %q", s.name, title)
		}
		return nil
	})
}

// marked wants the domain to be one that is started automatically, or not.
func marked(want bool) func(*scene) error {
	return found(func(s *scene, d dom) error {
		if s.autostart(d) != want {
			return fmt.Errorf("autostart is %v", !want)
		}
		return nil
	})
}

// named wants the domain under its name with that ending, and not under another.
func named(suffix string, autostart bool) func(*scene) error {
	return func(s *scene) error {
		if suffix != "" && s.find(s.name) != nil {
			return fmt.Errorf("%s is still there", s.name)
		}
		whole := *s
		whole.name += suffix
		if err := marked(autostart)(&whole); err != nil {
			return err
		}
		s.name += suffix
		return nil
	}
}

// off wants the domain without a machine, for that reason.
func off(reason int32) func(*scene) error {
	return found(func(s *scene, d dom) error {
		if st, r := s.state(d); d.ID >= 0 || st != shutoff || r != reason {
			return fmt.Errorf("id %d, state %d (%d)", d.ID, st, r)
		}
		return nil
	})
}

// is wants the machine that was there before, in a state.
func (s *scene) is(d dom, state int32) error {
	if st, r := s.state(d); st != state || s.id != 0 && d.ID != s.id {
		return fmt.Errorf("id %d (before: %d), state %d (%d)", d.ID, s.id, st, r)
	}
	return nil
}

var runs = found(func(s *scene, d dom) error { return s.is(d, running) })

// pausedOr wants the machine paused. The word of why may have died with the daemon.
func pausedOr(reason int32) func(*scene) error {
	return found(func(s *scene, d dom) error { return s.is(d, paused) })
}

// wholeOrNot wants a machine that runs, or none.
var wholeOrNot = found(func(s *scene, d dom) error {
	st, r := s.state(d)
	if d.ID >= 0 && st == running || d.ID < 0 && st == shutoff {
		return nil
	}
	return fmt.Errorf("id %d, state %d (%d)", d.ID, st, r)
})
