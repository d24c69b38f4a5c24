package gen

import (
	"slices"
	"sync"
)

// Event names a topic, such as "domain.lifecycle".
type Event string

// topic has the subscribers of an event and its last values. Everybody gets
// what is published in one order, the values kept included: the lock is held
// until it is in all mailboxes, and none of them blocks.
type topic struct {
	mu          sync.Mutex
	subscribers []*proc
	last        []any
	keep        int
	missed      uint64 // messages that a full mailbox refused
}

func (s *System) topic(e Event) *topic {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.topics[e]
	if t == nil {
		t = &topic{}
		s.topics[e] = t
	}
	return t
}

// KeepLast makes an event remember its last values for new subscribers.
func (s *System) KeepLast(e Event, values int) {
	t := s.topic(e)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.keep = values
}

// Subscribe delivers what is published from now on as messages, after the
// values kept. Who subscribes twice gets everything once.
func (p *Process) Subscribe(e Event) error {
	t := p.proc.sys.topic(e)
	t.mu.Lock()
	defer t.mu.Unlock()
	if slices.Contains(t.subscribers, p.proc) {
		return nil
	}
	for _, m := range t.last {
		if err := p.proc.box.put(laneMain, m); err != nil {
			return err
		}
	}
	t.subscribers = append(t.subscribers, p.proc)
	p.proc.mu.Lock()
	defer p.proc.mu.Unlock()
	p.proc.topics = append(p.proc.topics, t)
	return nil
}

// Unsubscribe ends it.
func (p *Process) Unsubscribe(e Event) { p.proc.sys.topic(e).drop(p.proc) }

func (t *topic) drop(p *proc) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if i := slices.Index(t.subscribers, p); i >= 0 {
		t.subscribers = slices.Delete(t.subscribers, i, i+1)
	}
}

func (p *proc) unsubscribeAll() {
	p.mu.Lock()
	topics := p.topics
	p.topics = nil
	p.mu.Unlock()
	for _, t := range topics {
		t.drop(p)
	}
}

// Publish sends m to all subscribers of e. Who has no room misses it, and the
// misses are counted.
func (s *System) Publish(e Event, m any) {
	t := s.topic(e)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.keep > 0 {
		t.last = append(t.last, m)
		if len(t.last) > t.keep {
			t.last = slices.Delete(t.last, 0, len(t.last)-t.keep)
		}
	}
	for _, p := range t.subscribers {
		if p.box.put(laneMain, m) != nil {
			t.missed++
		}
	}
}

// Missed is how often a subscriber of e had no room.
func (s *System) Missed(e Event) uint64 {
	t := s.topic(e)
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.missed
}

// Publish is System.Publish.
func (p *Process) Publish(e Event, m any) { p.proc.sys.Publish(e, m) }
