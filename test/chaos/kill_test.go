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
	p.arm("")
	p.start()
	s.client = p.connect()
	eventually(t, "after the kill", func() error { return b.left(s) })
	p.sound(s.client)
	if s.find(s.name) != nil {
		p.usable(s.client, s.name)
		s.mustBe(s.undefine(s.dom()))
		p.sound(s.client)
	}
}
