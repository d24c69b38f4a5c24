package rpc

import (
	"context"
	"maps"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"virtree.dev/actors/dispatch"
	"virtree.dev/internal/tlscert"
	"virtree.dev/supervisor/act"
	"virtree.dev/supervisor/gen"
)

// Server serves clients of one kind: libvirtd's "libvirtd" or "admin".
type Server struct {
	name       string
	dispatcher *dispatch.Dispatcher
	access     dispatch.Access
	log        *zap.Logger
	errors     *zap.Logger
	sessions   Sessions
	ownerOnly  bool
	pool       *act.Pool
	listeners  []*Listener
	threads    int
	drainTime  time.Duration
	failures   failures
	draining   atomic.Bool // no call is begun any more

	door sync.Mutex // one connection is let in at a time

	mu      sync.Mutex
	limits  Limits
	written Limits // as the server was started with
	clients map[uint64]*client
	// strangers have not authenticated.
	strangers map[uint64]*client
	lastID    uint64
	room      chan struct{} // closed when a client may be accepted again

	owner  atomic.Pointer[gen.Process] // of the clients
	poller atomic.Pointer[poller]

	holding  atomic.Bool // no call begins on a worker
	freezing atomic.Bool // clients are left as they are
}

// Options are what a server is made of.
type Options struct {
	Name       string
	Dispatcher *dispatch.Dispatcher
	Access     dispatch.Access // nil: everything is allowed
	Limits     Limits
	Log        *zap.Logger
	Errors     *zap.Logger // what calls failed with; nil: nobody wants to know
	Sessions   Sessions    // nil: the server cannot be frozen
	OwnerOnly  bool        // clients of another user are closed at once
	// Threads read from clients, each from its share of them; 0 is one a processor.
	Threads int
	// DrainTime is how long the end waits for calls that run; 0 is libvirt's 30 s.
	DrainTime time.Duration
}

// New makes a server without sockets.
func New(o Options) *Server {
	if o.Errors == nil {
		o.Errors = zap.NewNop()
	}
	if o.Threads <= 0 {
		o.Threads = runtime.NumCPU()
	}
	if o.DrainTime <= 0 {
		o.DrainTime = drainTime
	}
	o.Limits.Min = min(o.Limits.Min, o.Limits.Max) // as libvirt does
	s := &Server{
		name: o.Name, dispatcher: o.Dispatcher, access: o.Access, log: o.Log, errors: o.Errors, sessions: o.Sessions,
		ownerOnly: o.OwnerOnly, threads: o.Threads, drainTime: o.DrainTime,
		limits: o.Limits, written: o.Limits, failures: failures{log: o.Log},
		clients: map[uint64]*client{}, strangers: map[uint64]*client{}, room: make(chan struct{}),
	}
	s.pool = act.NewPool(o.Limits.Limits, func(e *gen.PanicError) { s.Panic("a worker", e.Value, e.Stack) })
	return s
}

// Child is the server's tree: clients, what drains them, then the listeners.
// thaw has what the clients of the former program left, nil where there was none.
func (s *Server) Child(thaw *gen.Frozen, listeners ...*Listener) gen.Child {
	children := []gen.Child{
		{
			Name: s.ClientsName(), Register: true, Thaw: thaw,
			New: func() gen.Behavior { return &clients{server: s} },
		},
		s.drainChild(),
	}
	s.listeners = listeners
	for _, l := range listeners {
		l.server = s
		children = append(children, gen.Child{Name: l.name, Register: true, New: func() gen.Behavior { return &listener{l: l} }})
	}
	return act.Supervisor{Type: act.RestForOne, Children: children}.Child(s.name, gen.Permanent)
}

// ClientsName is the name of the process of all clients.
func (s *Server) ClientsName() string { return ClientsName(s.name) }

// ClientsName is the name of the process of all clients of a server.
func ClientsName(server string) string { return server + ".clients" }

// Limits gives the settings.
func (s *Server) Limits() Limits {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.limits
}

// ChangeLimits changes the settings in one step; they count at once. An error
// of change leaves everything as it was.
func (s *Server) ChangeLimits(change func(l *Limits) error) error {
	s.mu.Lock()
	l := s.limits
	if err := change(&l); err != nil {
		s.mu.Unlock()
		return err
	}
	s.limits = l
	s.pool.SetLimits(l.Limits)
	s.wake()
	all := s.all()
	s.mu.Unlock()
	for _, c := range all {
		c.unpark()
	}
	return nil
}

// SetLimits sets all settings at once.
func (s *Server) SetLimits(l Limits) {
	_ = s.ChangeLimits(func(now *Limits) error { *now = l; return nil })
}

// full says whether another client would be one too many. s.mu is held.
func (s *Server) full() bool {
	if len(s.clients) >= s.limits.MaxClients {
		return true
	}
	if s.limits.MaxAnonymousClients <= 0 {
		return false
	}
	return len(s.strangers) >= s.limits.MaxAnonymousClients
}

func (s *Server) hasRoom() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.full()
}

// awaitRoom waits until a client may be accepted.
func (s *Server) awaitRoom(ctx context.Context) error {
	for {
		s.mu.Lock()
		full, room := s.full(), s.room
		s.mu.Unlock()
		if !full {
			return nil
		}
		select {
		case <-room:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// wake lets listeners look again. s.mu is held.
func (s *Server) wake() {
	close(s.room)
	s.room = make(chan struct{})
}

func (s *Server) remove(c *client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.clients, c.id)
	delete(s.strangers, c.id)
	s.wake()
}

// clients owns the goroutines of all clients.
type clients struct {
	act.Actor
	server *Server
	packed bool // by a freeze of this program
	// noticed is what was said of certificates.
	noticed map[*tlscert.Store]notice
}

type tick struct{}

// Init starts the poller's readers and the clock of the keepalives.
func (k *clients) Init(p *gen.Process) error {
	if err := k.gather(p); err != nil {
		return err
	}
	return k.read(p)
}

// gather takes clients in, of whom nobody reads yet.
func (k *clients) gather(p *gen.Process) error {
	k.server.owner.Store(p)
	poller, err := newPoller(k.server)
	if err != nil {
		return err
	}
	k.server.poller.Store(poller)
	return nil
}

// read begins to read from the clients.
func (k *clients) read(p *gen.Process) error {
	poller := k.server.poller.Load()
	for i, r := range poller.readers {
		if err := p.SpawnMeta("reader "+strconv.Itoa(i), r); err != nil {
			return err
		}
	}
	p.SendAfter(time.Second, tick{})
	return nil
}

// HandleMessage sends keepalives and hears of the ends of clients.
func (k *clients) HandleMessage(p *gen.Process, m any) error {
	switch m := m.(type) {
	case tick:
		now := time.Now()
		k.server.keepalives(now)
		k.server.dismissStrangers(now)
		k.watchCertificates(now)
		k.server.failures.settle(now)
		p.SendAfter(time.Second, tick{})
	case gen.MetaExit:
		if _, lost := m.Meta.(*reader); lost {
			return m.Reason
		}
		if !gen.Orderly(m.Reason) {
			k.server.log.Error(m.Name + " ended: " + m.Reason.Error())
		}
	}
	return nil
}

// Terminate comes after the readers, which took their clients down.
func (k *clients) Terminate(*gen.Process, error) {
	k.server.poller.Store(nil)
	k.server.owner.Store(nil)
}

// Held lists the clients for the observer.
func (k *clients) Held() []gen.Item {
	infos := k.server.Clients()
	items := make([]gen.Item, len(infos))
	for i, c := range infos {
		items[i] = gen.Item{Name: "client " + strconv.FormatUint(c.ID, 10), Info: c.String(), Up: time.Since(c.Since)}
	}
	return items
}

// HandleInspect counts, and tells until when certificates are good.
func (k *clients) HandleInspect(*gen.Process) map[string]string {
	st := k.server.Stats()
	k.server.mu.Lock()
	defer k.server.mu.Unlock()
	page := map[string]string{
		"clients": strconv.Itoa(len(k.server.clients)), "max_clients": strconv.Itoa(k.server.limits.MaxClients),
		"workers": strconv.Itoa(st.Workers), "free_workers": strconv.Itoa(st.Free), "queue": strconv.Itoa(st.Queue),
	}
	maps.Copy(page, k.pageOfCertificates())
	return page
}
