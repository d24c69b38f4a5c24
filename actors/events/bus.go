package events

import (
	"context"
	"encoding/binary"
	"regexp"
	"strconv"
	"sync"

	"virtree.dev/protocol/program"
	"virtree.dev/protocol/qemuprog"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/wire"
	"virtree.dev/protocol/xdr"
	"virtree.dev/supervisor/act"
	"virtree.dev/supervisor/gen"
)

// NoCallback marks a subscription in the old way.
const NoCallback int32 = -1

// mailbox is how many events may wait for delivery.
const mailbox = 1 << 16

// Sink takes the messages for a client. frame is shared and must be copied;
// callback is written at CallbackAt unless it is NoCallback.
type Sink interface {
	Deliver(frame []byte, callback int32)
}

// CallbackAt is where a message has the number of the callback.
const CallbackAt = wire.MinFrame

// SetCallback writes the number of a callback into a copy of a frame.
func SetCallback(frame []byte, callback int32) {
	binary.BigEndian.PutUint32(frame[CallbackAt:], uint32(callback))
}

// Subscription is one client's interest in one event.
type Subscription struct {
	Kind     Kind
	ID       int32
	Object   string         // key of the object, "" for any
	Match    *regexp.Regexp // of the names of monitor events, nil for any
	Callback int32          // given by Subscribe; NoCallback for the old way
	Sink     Sink
	// Screen decides later whether the client hears of an event, and must not
	// block; nil: it does.
	Screen func(msg xdr.Value, deliver func())
}

// Bus delivers events.
type Bus struct {
	sys  *gen.System
	name string

	mu   sync.RWMutex
	subs [kinds][]*Subscription
	last int32
	sent uint64
}

// NewBus makes a bus whose process is registered under name.
func NewBus(sys *gen.System, name string) *Bus { return &Bus{sys: sys, name: name, last: -1} }

// Child is the process of the bus.
func (b *Bus) Child() gen.Child {
	return gen.Child{Name: b.name, Register: true, Mailbox: mailbox, New: func() gen.Behavior { return &process{bus: b} }}
}

// Subscribe begins a subscription and gives it a callback number unless it is of the old way.
func (b *Bus) Subscribe(s *Subscription) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s.Callback != NoCallback {
		b.last++
		s.Callback = b.last
	}
	old := b.subs[s.Kind]
	b.subs[s.Kind] = append(old[:len(old):len(old)], s)
}

// Resubscribe goes on with a subscription of the former program, whose number stays.
func (b *Bus) Resubscribe(s *Subscription) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last = max(b.last, s.Callback)
	old := b.subs[s.Kind]
	b.subs[s.Kind] = append(old[:len(old):len(old)], s)
}

// barrier is a call that is answered when all that was published before is delivered.
type barrier struct{ gen.Returns[struct{}] }

// Flush waits until what was published is with its subscribers.
func (b *Bus) Flush(ctx context.Context) error {
	_, err := gen.Call(ctx, b.sys.Named(b.name), barrier{})
	return err
}

// Unsubscribe ends subscriptions.
func (b *Bus) Unsubscribe(subs ...*Subscription) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range subs {
		var kept []*Subscription
		for _, o := range b.subs[s.Kind] {
			if o != s {
				kept = append(kept, o)
			}
		}
		b.subs[s.Kind] = kept
	}
}

// Subscribers counts the subscriptions of a kind.
func (b *Bus) Subscribers(k Kind) int {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return len(b.subs[k])
}

// event is a message on its way.
type event struct {
	kind   Kind
	id     int32
	object string
	name   string // of a monitor event
	msg    xdr.Value
}

func (b *Bus) publish(e event) {
	if b.Subscribers(e.kind) == 0 {
		return
	}
	_ = gen.Send(b.sys.Named(b.name), e) // full or restarting: the event is missed, as libvirt's are
}

// Domain publishes a domain's event. msg is the message of the old way where
// there is one (remote.DomainEventLifecycleMsg), else the callback's with any number.
func (b *Bus) Domain(dom remote.NonnullDomain, id int32, msg xdr.Value) {
	b.publish(event{kind: Domain, id: id, object: string(dom.UUID[:]), msg: msg})
}

// Object publishes an event of another kind; key is the object's UUID or name.
func (b *Bus) Object(k Kind, key string, id int32, msg xdr.Value) {
	b.publish(event{kind: k, id: id, object: key, msg: msg})
}

// Monitor publishes an event of a QEMU monitor.
func (b *Bus) Monitor(msg *qemuprog.DomainMonitorEventMsg) {
	b.publish(event{kind: Monitor, object: string(msg.Dom.UUID[:]), name: msg.Event, msg: msg})
}

// process carries the messages out.
type process struct {
	act.Actor
	bus *Bus
}

// HandleMessage delivers one event.
func (p *process) HandleMessage(_ *gen.Process, m any) error {
	if e, ok := m.(event); ok {
		p.bus.deliver(e)
	}
	return nil
}

// HandleCall answers barriers.
func (p *process) HandleCall(*gen.Process, gen.From, any) (any, error) { return struct{}{}, nil }

// HandleInspect counts.
func (p *process) HandleInspect(*gen.Process) map[string]string {
	page := map[string]string{}
	for k := range kinds {
		page[k.String()] = strconv.Itoa(p.bus.Subscribers(k))
	}
	p.bus.mu.RLock()
	defer p.bus.mu.RUnlock()
	page["sent"] = strconv.FormatUint(p.bus.sent, 10)
	return page
}

func (b *Bus) deliver(e event) {
	b.mu.RLock()
	subs := b.subs[e.kind]
	b.mu.RUnlock()
	var plain, callback []byte
	sent := uint64(0)
	for _, s := range subs {
		if !s.wants(e) {
			continue
		}
		sent++
		if s.Callback == NoCallback {
			if plain == nil {
				plain = encode(e, false)
			}
			s.deliver(e.msg, plain)
			continue
		}
		if callback == nil {
			callback = encode(e, true)
		}
		s.deliver(e.msg, callback)
	}
	b.mu.Lock()
	b.sent += sent
	b.mu.Unlock()
}

func (s *Subscription) deliver(msg xdr.Value, frame []byte) {
	if s.Screen == nil {
		s.Sink.Deliver(frame, s.Callback)
		return
	}
	s.Screen(msg, func() { s.Sink.Deliver(frame, s.Callback) })
}

func (s *Subscription) wants(e event) bool {
	return s.ID == e.id && (s.Object == "" || s.Object == e.object) &&
		(s.Match == nil || s.Match.MatchString(e.name))
}

// encode makes the frame of an event; the callback's number is left 0.
func encode(e event, callback bool) []byte {
	n := procedures[e.kind][e.id]
	prog := &remote.Program
	if e.kind == Monitor {
		prog = &qemuprog.Program
	}
	frame := wire.Begin(nil, header(prog, n, callback))
	if callback && n.plain != 0 {
		frame = xdr.AppendInt32(frame, 0)
		if n.reason {
			frame = xdr.AppendInt32(frame, 0)
		}
	}
	frame = e.msg.AppendXDR(frame)
	if wire.Finish(frame, 0) != nil {
		return nil // no event is that large: the strings in it are bounded
	}
	return frame
}

func header(p *program.Program, n numbers, callback bool) wire.Header {
	proc := n.plain
	if callback {
		proc = n.callback
	}
	return wire.Header{Program: p.ID, Version: p.Version, Procedure: proc, Type: wire.Message}
}
