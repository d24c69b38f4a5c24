package gen

import "slices"

// Event names a topic, such as "domain.lifecycle".
type Event string

// topic has the subscribers of an event and its last values.
type topic struct {
	subscribers []*proc
	last        []any
	keep        int
	dropped     uint64 // messages that a full mailbox refused
}

func (s *System) topic(e Event) *topic {
	t := s.topics[e]
	if t == nil {
		t = &topic{}
		s.topics[e] = t
	}
	return t
}

// KeepLast makes an event remember its last values for new subscribers.
func (s *System) KeepLast(e Event, values int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.topic(e).keep = values
}

// Subscribe delivers what is published from now on as messages, after the values kept.
func (p *Process) Subscribe(e Event) error {
	s := p.proc.sys
	s.mu.Lock()
	t := s.topic(e)
	if !slices.Contains(t.subscribers, p.proc) {
		t.subscribers = append(t.subscribers, p.proc)
	}
	last := slices.Clone(t.last)
	s.mu.Unlock()
	for _, m := range last {
		if err := p.proc.box.put(laneMain, m); err != nil {
			return err
		}
	}
	return nil
}

// Unsubscribe ends it.
func (p *Process) Unsubscribe(e Event) {
	s := p.proc.sys
	s.mu.Lock()
	defer s.mu.Unlock()
	s.topic(e).drop(p.proc)
}

func (t *topic) drop(p *proc) {
	if i := slices.Index(t.subscribers, p); i >= 0 {
		t.subscribers = slices.Delete(slices.Clone(t.subscribers), i, i+1)
	}
}

func (s *System) unsubscribeAll(p *proc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.topics {
		t.drop(p)
	}
}

// Publish sends m to all subscribers of e; who has no room misses it, and the
// misses are counted.
func (s *System) Publish(e Event, m any) {
	s.mu.Lock()
	t := s.topic(e)
	if t.keep > 0 {
		t.last = append(t.last, m)
		if len(t.last) > t.keep {
			t.last = t.last[1:]
		}
	}
	subscribers := t.subscribers
	s.mu.Unlock()
	missed := uint64(0)
	for _, p := range subscribers {
		if p.box.put(laneMain, m) != nil {
			missed++
		}
	}
	if missed > 0 {
		s.mu.Lock()
		t.dropped += missed
		s.mu.Unlock()
	}
}

// Publish is System.Publish.
func (p *Process) Publish(e Event, m any) { p.proc.sys.Publish(e, m) }
