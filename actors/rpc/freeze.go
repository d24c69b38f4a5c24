package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"syscall"
	"time"

	"virtree.dev/actors/dispatch"
	"virtree.dev/internal/sys"
	"virtree.dev/protocol/wire"
	"virtree.dev/protocol/xdr"
	"virtree.dev/supervisor/freeze"
	"virtree.dev/supervisor/gen"
)

const frozenVersion = 1

var _ = freeze.Register("clients and listeners", 1, frozenVersion)

// Sessions carries what stands behind a session into the next program.
type Sessions interface {
	FreezeSession(s *dispatch.Session) (json.RawMessage, error)
	ThawSession(s *dispatch.Session, state json.RawMessage) error
	// ThawStream gives the backend of a kind again.
	ThawStream(kind string, state json.RawMessage, f *os.File) (io.ReadWriteCloser, error)
}

// Freezable is a stream's backend that goes along. Others end with an error.
type Freezable interface {
	FreezeStream() (kind string, state json.RawMessage, file syscall.Conn)
}

// Hold lets no call begin on a worker and waits for those that run. Calls that
// are answered at once, and keepalives, go on. After an error Go on undoes it.
func (s *Server) Hold(ctx context.Context) error {
	s.holding.Store(true)
	select {
	case <-s.pool.Drained():
		return nil
	case <-ctx.Done():
		n := s.pool.Active()
		s.GoOn()
		return fmt.Errorf("%d calls still run: %w", n, context.Cause(ctx))
	}
}

// beginsNothing says whether calls for workers must wait.
func (s *Server) beginsNothing() bool { return s.draining.Load() || s.holding.Load() }

// GoOn ends Hold.
func (s *Server) GoOn() {
	s.holding.Store(false)
	s.mu.Lock()
	all := s.all()
	s.mu.Unlock()
	for _, c := range all {
		c.unpark()
	}
}

// Freeze puts the sockets and the clients of a server that holds its calls into
// a box; resume lets them go on in this program.
func (s *Server) Freeze(ctx context.Context, system *gen.System, listeners []*Listener, box *freeze.Box) (resume func(), err error) {
	var undo []func()
	resume = func() {
		for i := len(undo) - 1; i >= 0; i-- {
			undo[i]()
		}
	}
	s.dismissSecured(ctx)
	s.freezing.Store(true)
	undo = append(undo, s.GoOn, func() { s.freezing.Store(false) })
	s.interruptStreams()
	names := []string{}
	for _, l := range listeners {
		names = append(names, l.name)
	}
	for _, name := range append(names, s.ClientsName()) {
		frozen, again, err := gen.Freeze(ctx, system.Named(name))
		if err == nil {
			undo = append(undo, again)
			err = box.Put(name, frozen)
		}
		if err != nil {
			resume()
			return nil, err
		}
	}
	return resume, nil
}

// demanded is how a client is to authenticate; a former version knew polkit alone.
func (f *frozenClient) demanded() dispatch.Auth {
	if f.Auth == dispatch.AuthNone && !f.Authenticated {
		return dispatch.AuthPolkit
	}
	return f.Auth
}

// frozenClients is the state of the process of all clients.
type frozenClients struct {
	LastID  uint64         `json:"last_id"`
	Limits  changes        `json:"limits,omitempty"` // that were set live
	Clients []frozenClient `json:"clients"`
}

type frozenClient struct {
	ID            uint64            `json:"id"`
	Transport     Transport         `json:"transport,omitempty"`
	Address       string            `json:"address,omitempty"`
	From          string            `json:"from"`
	Since         time.Time         `json:"since"`
	Identity      dispatch.Identity `json:"identity"`
	ReadOnly      bool              `json:"read_only"`
	Authenticated bool              `json:"authenticated"`
	Auth          dispatch.Auth     `json:"auth,omitempty"`
	KeepsAlive    bool              `json:"keeps_alive"`
	Pings         int32             `json:"pings"`
	Session       json.RawMessage   `json:"session"`
	In            []byte            `json:"in,omitempty"`       // calls that have not begun, then the beginning of a frame
	InFiles       []int             `json:"in_files,omitempty"` // the places of files in In
	Out           []byte            `json:"out,omitempty"`
	OutFiles      []int             `json:"out_files,omitempty"` // the places of files in Out
	Last          bool              `json:"last,omitempty"`      // nothing follows Out
	Streams       []frozenStream    `json:"streams,omitempty"`
}

// Freeze implements gen.Freezer: readers and stream jobs have ended.
func (k *clients) Freeze(*gen.Process) (gen.Frozen, error) {
	k.packed = true
	s := k.server
	<-s.pool.Drained() // a call that was handed to a worker as the hold began is taken back
	s.mu.Lock()
	state := frozenClients{LastID: s.lastID, Limits: s.limits.since(s.written)}
	all := s.all()
	s.mu.Unlock()
	files := map[string]syscall.Conn{}
	for _, c := range all {
		f, err := c.freeze(files)
		if err != nil {
			return gen.Frozen{}, fmt.Errorf("%s: %w", c.session, err)
		}
		state.Clients = append(state.Clients, f)
	}
	raw, err := json.Marshal(state)
	return gen.Frozen{Version: frozenVersion, State: raw, Files: files}, err
}

func (c *client) freeze(files map[string]syscall.Conn) (f frozenClient, err error) {
	name := fmt.Sprintf("client.%d", c.id)
	f = frozenClient{
		ID: c.id, Transport: c.came, Address: c.address, From: c.from, Since: c.since, Identity: c.session.Identity(), ReadOnly: c.session.ReadOnly(),
		Authenticated: c.session.Authenticated(), Auth: c.session.Demanded(), KeepsAlive: c.session.KeepsAlive(), Pings: c.pings.Load(), Last: c.last.Load(),
	}
	files[name] = c.socket
	if f.Session, err = c.server.sessions.FreezeSession(c.session); err != nil {
		return f, err
	}
	in := func(file *os.File, at int) {
		files[fmt.Sprintf("%s.in.%d", name, len(f.InFiles))] = file
		f.InFiles = append(f.InFiles, at)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.parked {
		f.In = c.parked[i].appendFrame(f.In, in)
	}
	if c.in.wants != nil {
		f.In = c.in.wants.appendFrame(f.In, in)
	}
	for _, file := range c.in.files {
		in(file.file, len(f.In)+int(file.at-c.in.at))
	}
	f.In = append(f.In, c.in.partial...)
	f.Out, f.OutFiles = c.out.freeze(name, files)
	f.Streams = c.freezeStreams(name, files)
	return f, nil
}

// appendFrame makes a call's frame again, with as many bytes as files have come for it.
func (k *call) appendFrame(b []byte, in func(f *os.File, at int)) []byte {
	payload := k.payload
	if k.Type == wire.CallWithFDs {
		payload = append(xdr.AppendUint32(nil, uint32(k.fds)), payload...)
	}
	b = wire.AppendRaw(b, k.Header, payload)
	for _, f := range k.files {
		in(f, len(b))
		b = append(b, 0)
	}
	return b
}

// freeze gives what is not sent, and where files go along. From here on nothing is.
func (o *output) freeze(name string, files map[string]syscall.Conn) (data []byte, at []int) {
	o.halt()
	o.mu.Lock()
	defer o.mu.Unlock()
	for i, f := range o.files {
		files[fmt.Sprintf("%s.out.%d", name, i)] = f.file
		at = append(at, f.at-o.sent)
	}
	return append([]byte(nil), o.data[o.sent:]...), at
}

// halt waits for whoever writes, which is never long: no write blocks.
func (o *output) halt() {
	for {
		o.mu.Lock()
		o.halted = true
		over := !o.writing || o.blocked
		o.mu.Unlock()
		if over {
			return
		}
		runtime.Gosched()
	}
}

// unhalt sends what is left since halt, or since the former program.
func (o *output) unhalt() {
	o.mu.Lock()
	o.halted, o.blocked, o.writing = false, false, true
	o.mu.Unlock()
	o.write()
}

// Thaw implements gen.Freezer. Nobody is read from before all clients are here: those
// who come last would wait for what the first ones ask.
func (k *clients) Thaw(p *gen.Process, f gen.Frozen) error {
	if err := k.gather(p); err != nil {
		return err
	}
	var err error
	if k.packed { // it came to nothing: the clients are still here
		k.packed = false
		k.server.freezing.Store(false)
		k.resume()
	} else {
		err = k.thaw(f)
	}
	return errors.Join(err, k.read(p))
}

func (k *clients) thaw(f gen.Frozen) error {
	if f.Version != frozenVersion {
		return fmt.Errorf("clients frozen by version %d, this program knows %d", f.Version, frozenVersion)
	}
	var state frozenClients
	if err := json.Unmarshal(f.State, &state); err != nil {
		return err
	}
	k.server.mu.Lock()
	k.server.lastID = state.LastID
	k.server.mu.Unlock()
	_ = k.server.ChangeLimits(func(l *Limits) error {
		state.Limits.apply(l)
		return nil
	})
	for i := range state.Clients {
		if err := k.server.thaw(&state.Clients[i], &f); err != nil {
			k.server.log.Error(fmt.Sprintf("client %d could not be taken over: %v", state.Clients[i].ID, err))
		}
	}
	return nil
}

// resume gives the clients to the new poller.
func (k *clients) resume() {
	for _, c := range k.server.snapshot() {
		c.resumeStreams()
		if poller := k.server.poller.Load(); poller == nil || !poller.add(c) {
			c.end()
			continue
		}
		c.out.unhalt()
	}
}

// thaw makes a client of the former program ours.
func (s *Server) thaw(f *frozenClient, box *gen.Frozen) error {
	name := fmt.Sprintf("client.%d", f.ID)
	c, err := s.thawClient(f, box, name)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.clients[c.id] = c
	if !f.Authenticated {
		s.strangers[c.id] = c
	}
	s.mu.Unlock()
	if err := s.sessions.ThawSession(c.session, f.Session); err != nil {
		c.end()
		return err
	}
	if err := c.thawStreams(name, f.Streams, box); err != nil {
		c.end()
		return err
	}
	poller := s.poller.Load()
	c.set = poller.reader(c.id).set
	c.in.end = uint64(len(f.In))
	if err = c.process(f.In); err != nil || !poller.add(c) {
		c.end()
		return err
	}
	c.out.unhalt()
	return nil
}

func (s *Server) thawClient(f *frozenClient, box *gen.Frozen, name string) (*client, error) {
	file, err := freeze.File(box, name)
	if err != nil {
		return nil, err
	}
	c := &client{id: f.ID, came: f.Transport, address: f.Address, from: f.From, server: s, since: f.Since}
	if c.socket, err = sys.AdoptSocket(file); err != nil {
		return nil, err
	}
	c.out.client = c
	s.noteStart(&f.Identity)
	c.session = dispatch.NewSession(f.ID, f.Identity, f.ReadOnly, s.access, s)
	c.session.Peer = c
	c.session.Way = c.way()
	c.session.Demand(f.demanded())
	if f.Authenticated {
		c.session.Authenticate()
	}
	if f.KeepsAlive {
		c.session.KeepAlive()
	}
	c.pings.Store(f.Pings)
	c.heard.Store(time.Now().UnixNano())
	c.last.Store(f.Last)
	c.out.last = f.Last
	for i, at := range f.InFiles {
		file, err := freeze.File(box, fmt.Sprintf("%s.in.%d", name, i))
		if err != nil {
			return nil, err
		}
		c.in.files = append(c.in.files, incoming{uint64(at), file})
	}
	c.out.data, c.out.halted = f.Out, true // until there is a poller
	for i, at := range f.OutFiles {
		file, err := freeze.File(box, fmt.Sprintf("%s.out.%d", name, i))
		if err != nil {
			return nil, err
		}
		c.out.files = append(c.out.files, outgoing{at, file})
	}
	return c, nil
}
