package dispatch

import (
	"fmt"
	"net"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"

	"virtree.dev/protocol/program"
	"virtree.dev/protocol/virerr"
)

// Identity is who is at the other end, as far as it is known. Numbers are -1
// and strings empty where it is not.
type Identity struct {
	PID, UID, GID int
	ProcessTime   uint64 // when the process began, in clock ticks since boot
	User, Group   string
	SELinux       string
	SASLUser      string
	X509          string
}

// Nobody is an identity of which nothing is known.
func Nobody() Identity { return Identity{PID: -1, UID: -1, GID: -1} }

// Way is how a client comes in.
type Way struct {
	Address string // and port, of one that comes over a network
	Private bool   // nobody can listen: a UNIX socket, or TLS
}

// Auth is how a client is to say who it is, by the numbers of the remote program.
type Auth int32

// The kinds.
const (
	AuthNone Auth = iota
	AuthSASL
	AuthPolkit
)

// Log is where a session reports what is no client's business.
type Log interface {
	Panic(procedure string, value any, stack []byte)
	Failed(p *program.Procedure, err *virerr.Error) // the client is told as well
}

// Peer is the client's end, for messages that answer no call.
type Peer interface {
	// Deliver queues a frame, which is shared and must be copied; a callback
	// number that is not negative is written over the first word of its payload.
	Deliver(frame []byte, callback int32)
	// Authenticated is told when the client may make calls.
	Authenticated()
	// CloseAfterReply ends the connection when the reply in the making is sent.
	CloseAfterReply()
}

// Session is what a connection has opened and may do.
type Session struct {
	ID      uint64
	Peer    Peer
	Way     Way        // set before the first call
	Opening sync.Mutex // held by who opens or looks whether anything is open, to open it

	access Access
	log    Log

	identity      atomic.Pointer[Identity]
	auth          atomic.Int32
	authenticated atomic.Bool
	keepsAlive    atomic.Bool
	readOnly      atomic.Bool
	tables        atomic.Pointer[tables]

	mu     sync.Mutex
	uri    string
	driver string
	onEnd  map[uint64]func()
	lastID uint64
	ended  bool
	values map[any]any
}

// tables are the handlers of an opened connection, by owner.
type tables [program.Owners]map[uint32]*Table

// NewSession makes a session that has opened nothing. access may be nil.
func NewSession(id uint64, who Identity, readOnly bool, access Access, log Log) *Session {
	s := &Session{ID: id, access: access, log: log}
	s.SetIdentity(who)
	s.readOnly.Store(readOnly)
	return s
}

// String names the client for people: who holds what.
func (s *Session) String() string {
	if who := s.Identity(); who.PID > 0 {
		return fmt.Sprintf("client %d (pid %d, uid %d)", s.ID, who.PID, who.UID)
	}
	if s.Way.Address != "" {
		return fmt.Sprintf("client %d from %s", s.ID, s.Way.Address)
	}
	return fmt.Sprintf("client %d", s.ID)
}

// Identity is who the client is, or who a proxy said it speaks for.
func (s *Session) Identity() Identity { return *s.identity.Load() }

// SetIdentity changes who the client is.
func (s *Session) SetIdentity(who Identity) { s.identity.Store(&who) }

// Demand says how the client is to authenticate.
func (s *Session) Demand(a Auth) { s.auth.Store(int32(a)) }

// Demanded is how the client is to authenticate, or was.
func (s *Session) Demanded() Auth { return Auth(s.auth.Load()) }

// Authenticated says whether calls may be made.
func (s *Session) Authenticated() bool { return s.authenticated.Load() }

// Authenticate lets calls be made.
func (s *Session) Authenticate() {
	if !s.authenticated.Swap(true) && s.Peer != nil {
		s.Peer.Authenticated()
	}
}

// KeepsAlive says whether the client answers keepalives.
func (s *Session) KeepsAlive() bool { return s.keepsAlive.Load() }

// KeepAlive notes that the client answers keepalives.
func (s *Session) KeepAlive() { s.keepsAlive.Store(true) }

// ReadOnly says whether the connection may only look.
func (s *Session) ReadOnly() bool { return s.readOnly.Load() }

// SetReadOnly makes a connection read-only, as opening with that flag does.
func (s *Session) SetReadOnly() { s.readOnly.Store(true) }

// Opened says whether a driver was opened.
func (s *Session) Opened() bool { return s.tables.Load() != nil }

// Origin is whose attempts to come in count together: a host's, or a local user's.
func (s *Session) Origin() string {
	if s.Way.Address == "" {
		return "uid " + strconv.Itoa(s.Identity().UID)
	}
	host, _, err := net.SplitHostPort(s.Way.Address)
	if err != nil {
		return s.Way.Address
	}
	return host
}

// URI is what was opened.
func (s *Session) URI() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.uri
}

// Driver is the name of the driver that was opened.
func (s *Session) Driver() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.driver
}

// Open makes handlers answer for this session: of each kind of driver, by
// program number. driver is the name of the one that the URI chose.
func (s *Session) Open(driver, uri string, drivers map[program.Owner]map[uint32]*Table) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var t tables
	for owner, byProgram := range drivers {
		t[owner] = byProgram
	}
	s.uri, s.driver = uri, driver
	s.tables.Store(&t)
}

// Serves says whether a driver of this kind is open.
func (s *Session) Serves(o program.Owner) bool {
	t := s.tables.Load()
	return t != nil && t[o] != nil
}

// table is the table of an owner for a program, nil if nothing is open.
func (s *Session) table(owner program.Owner, prog uint32) *Table {
	t := s.tables.Load()
	if t == nil {
		return nil
	}
	return t[owner][prog]
}

// OnEnd calls f, which must not block, when the session ends, at once if it has.
// The function given back takes f away.
func (s *Session) OnEnd(f func()) (cancel func()) {
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		f()
		return func() {}
	}
	defer s.mu.Unlock()
	if s.onEnd == nil {
		s.onEnd = map[uint64]func(){}
	}
	s.lastID++
	id := s.lastID
	s.onEnd[id] = f
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.onEnd, id)
	}
}

// End ends the session: everybody who asked for it is told, once.
func (s *Session) End() {
	s.tables.Store(nil)
	s.mu.Lock()
	s.uri = ""
	s.ended = true
	hooks := s.onEnd
	s.onEnd = nil
	s.mu.Unlock()
	for _, f := range hooks {
		s.call(f)
	}
}

// call keeps a panic of one hook from the others.
func (s *Session) call(f func()) {
	defer func() {
		if p := recover(); p != nil {
			s.log.Panic("the end of "+s.String(), p, debug.Stack())
		}
	}()
	f()
}

// Value gives what a driver keeps for this session; the key is a type of its own.
func (s *Session) Value(key any) any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.values[key]
}

// ValueOr gives what is kept for this session, or keeps v; made says that it did.
func (s *Session) ValueOr(key, v any) (kept any, made bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old, ok := s.values[key]; ok {
		return old, false
	}
	if s.values == nil {
		s.values = map[any]any{}
	}
	s.values[key] = v
	return v, true
}

// SetValue keeps something for this session.
func (s *Session) SetValue(key, v any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.values == nil {
		s.values = map[any]any{}
	}
	s.values[key] = v
}
