package gen

import "testing"

// idler is a behavior that does nothing; act has one, and imports this package.
type idler struct{}

func (idler) Init(*Process) error                         { return nil }
func (idler) HandleMessage(*Process, any) error           { return nil }
func (idler) HandleCall(*Process, From, any) (any, error) { return nil, nil }
func (idler) HandleInspect(*Process) map[string]string    { return nil }
func (idler) Terminate(*Process, error)                   {}
func idle(name string) Child                              { return Child{Name: name, New: func() Behavior { return idler{} }} }
func handleOf(t *testing.T, r Ref) (*proc, *Process) {
	t.Helper()
	p, err := r.proc()
	must(t, err)
	return p, p.handle
}
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
func begin(t *testing.T, s *System, name string) Ref {
	t.Helper()
	r, err := s.Start(idle(name))
	must(t, err)
	return r
}

// A process that lives long does not remember all who ever watched it.
func TestWatchersAreForgottenWithTheirEnd(t *testing.T) {
	s := NewSystem()
	target, handle := handleOf(t, begin(t, s, "target"))
	s.KeepLast("news", 1)
	for range 5 {
		ref := begin(t, s, "watcher")
		w, p := handleOf(t, ref)
		must(t, p.Monitor(handle.Self()))
		must(t, handle.Monitor(p.Self()))
		must(t, p.Subscribe("news"))
		must(t, s.Stop(ref, Shutdown))
		if len(w.watching)+len(w.monitors)+len(w.topics) != 0 {
			t.Error("an ended process holds others")
		}
	}
	target.mu.Lock()
	defer target.mu.Unlock()
	if len(target.monitors) != 0 || len(target.watching) != 0 {
		t.Errorf("remembers %d watchers and %d watched", len(target.monitors), len(target.watching))
	}
	if n := len(s.topic("news").subscribers); n != 0 {
		t.Errorf("the topic remembers %d subscribers", n)
	}
	if len(s.procs) != 1 || len(s.roots) != 1 {
		t.Errorf("the system remembers %d processes", len(s.procs))
	}
}
