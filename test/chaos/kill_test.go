package chaos

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// blow is a kill of the daemon at one point of an operation on a domain.
type blow struct {
	point string // may have a count: "statefile.volatile=2*off->"
	given func(s *scene)
	act   func(s *scene) error
	left  func(s *scene) error // what must be found afterwards
}

// TestKillAtEveryStep kills the daemon at each point, starts it again, and looks at what is left.
func TestKillAtEveryStep(t *testing.T) {
	p := newPlace(t)
	p.start()
	for i, b := range blows {
		t.Run(b.point, func(t *testing.T) { strike(t, p, fmt.Sprintf("d%d", i), b) })
	}
}

func strike(t *testing.T, p *place, name string, b blow) {
	p.within(t)
	if p.dead() { // the blow before failed
		p.arm("")
		p.start()
	}
	s := &scene{client: p.connect(), p: p, name: name}
	b.given(s)
	point, count, _ := strings.Cut(b.point, "=")
	p.arm(point + "=" + count + "kill")
	err := b.act(s)
	if !errors.Is(err, errLost) {
		t.Fatalf("the daemon lived on and answered: %v", err)
	}
	p.ended()
	s.recover(b.left)
}

// recover starts a daemon after a blow and looks at what it finds.
func (s *scene) recover(left func(*scene) error) {
	s.t.Helper()
	s.p.arm("")
	s.p.start()
	s.client = s.p.connect()
	eventually(s.t, "after the kill", func() error { return left(s) })
	s.p.sound(s.client)
	if s.find(s.name) != nil {
		s.p.usable(s.client, s.name)
		s.mustBe(s.undefine(s.dom()))
		s.p.sound(s.client)
	}
}

// TestKillAtEveryStatusWrite kills the daemon at the first write of a start, the second, and so on
// until the start gets by without a kill.
func TestKillAtEveryStatusWrite(t *testing.T) {
	p := newPlace(t)
	p.start()
	for n := range 20 {
		s := &scene{client: p.connect(), p: p, name: fmt.Sprintf("w%d", n)}
		defined(s)
		p.arm(fmt.Sprintf("statefile.volatile=%d*off->kill", n))
		err := startIt(s)
		if err == nil {
			// At least its beginning, its pid, its process, its threads and its running are written.
			if n < 5 {
				t.Errorf("a start writes %d times", n)
			}
			return
		}
		if !errors.Is(err, errLost) {
			t.Fatal(err)
		}
		p.ended()
		s.recover(wholeOrNot)
	}
	t.Error("a start writes for ever")
}
