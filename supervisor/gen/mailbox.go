package gen

import "sync"

// lane orders the messages of a mailbox.
type lane uint8

const (
	laneMain lane = iota
	laneSystem
	laneUrgent
	lanes
)

// mailbox has three queues, of which only the main one is bounded.
type mailbox struct {
	mu     sync.Mutex
	queues [lanes]queue
	bound  int
	closed bool
	wake   chan struct{} // one token: something was put
	room   chan struct{} // closed and made anew when the main lane gets room
}

// queue is a ring that grows.
type queue struct {
	items []any
	head  int
	count int
}

func (q *queue) put(m any) {
	if q.count == len(q.items) {
		bigger := make([]any, max(8, 2*len(q.items)))
		for i := range q.count {
			bigger[i] = q.items[(q.head+i)%len(q.items)]
		}
		q.items, q.head = bigger, 0
	}
	q.items[(q.head+q.count)%len(q.items)] = m
	q.count++
}

func (q *queue) take() any {
	m := q.items[q.head]
	q.items[q.head] = nil
	q.head = (q.head + 1) % len(q.items)
	q.count--
	if q.count == 0 && len(q.items) > 64 {
		q.items, q.head = nil, 0 // a burst is over: give the memory back
	}
	return m
}

func newMailbox(bound int) *mailbox {
	if bound <= 0 {
		bound = defaultMailbox
	}
	return &mailbox{bound: bound, wake: make(chan struct{}, 1)}
}

// put queues a message; ErrFull when the main lane has no room.
func (b *mailbox) put(l lane, m any) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return ErrDown
	}
	if l == laneMain && b.queues[l].count >= b.bound {
		return ErrFull
	}
	b.queues[l].put(m)
	select {
	case b.wake <- struct{}{}:
	default:
	}
	return nil
}

// take gives the next message by lane, and whether there was one.
func (b *mailbox) take() (any, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for l := laneUrgent; ; l-- {
		if q := &b.queues[l]; q.count > 0 {
			m := q.take()
			if l == laneMain && b.room != nil {
				close(b.room)
				b.room = nil
			}
			return m, true
		}
		if l == laneMain {
			return nil, false
		}
	}
}

// waitRoom gives a channel that is closed when the main lane gets room.
func (b *mailbox) waitRoom() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.room == nil {
		b.room = make(chan struct{})
	}
	if b.closed || b.queues[laneMain].count < b.bound {
		close(b.room)
		c := b.room
		b.room = nil
		return c
	}
	return b.room
}

// close refuses further messages and gives those that were left.
func (b *mailbox) close() []any {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	var left []any
	for l := range b.queues {
		for b.queues[l].count > 0 {
			left = append(left, b.queues[l].take())
		}
	}
	if b.room != nil {
		close(b.room)
		b.room = nil
	}
	return left
}

// urgent says whether the urgent lane has something.
func (b *mailbox) urgent() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.queues[laneUrgent].count > 0
}

// rouse makes whoever waits for wake look again.
func (b *mailbox) rouse() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

func (b *mailbox) depth() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for l := range b.queues {
		n += b.queues[l].count
	}
	return n
}
