package act

import (
	"fmt"

	"virtree.dev/supervisor/gen"
)

// Actor has the default callbacks: embed it and write those that differ.
type Actor struct{}

// Init does nothing.
func (Actor) Init(*gen.Process) error { return nil }

// HandleMessage lets unknown messages go.
func (Actor) HandleMessage(*gen.Process, any) error { return nil }

// HandleCall refuses unknown requests.
func (Actor) HandleCall(_ *gen.Process, _ gen.From, req any) (any, error) {
	return nil, fmt.Errorf("unknown request %T", req)
}

// HandleInspect has nothing to show.
func (Actor) HandleInspect(*gen.Process) map[string]string { return nil }

// Terminate does nothing.
func (Actor) Terminate(*gen.Process, error) {}
