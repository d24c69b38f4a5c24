package rpc

import (
	"encoding/json"
	"fmt"
	"syscall"
	"time"

	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/wire"
	"virtree.dev/supervisor/freeze"
	"virtree.dev/supervisor/gen"
)

// frozenStream is a stream whose backend goes along.
type frozenStream struct {
	Header wire.Header     `json:"header"`
	Kind   string          `json:"kind"`
	State  json.RawMessage `json:"state"`
	Reads  bool            `json:"reads"`
	Queue  []frozenPortion `json:"queue,omitempty"`
	Finish bool            `json:"finish,omitempty"`
}

type frozenPortion struct {
	Data []byte `json:"data,omitempty"`
	Hole int64  `json:"hole,omitempty"`
}

func streamFile(client string, serial uint32) string {
	return fmt.Sprintf("%s.stream.%d", client, serial)
}

// interruptStreams makes the jobs of all streams return at their next border.
// Streams that cannot go along end here, and their clients are told why.
func (s *Server) interruptStreams() {
	s.mu.Lock()
	all := s.all()
	s.mu.Unlock()
	for _, c := range all {
		for _, st := range c.allStreams() {
			if _, ok := st.backend.(Freezable); !ok {
				st.fail(virerr.New(virerr.FromStreams, virerr.OperationAborted, "the daemon is being replaced: this stream cannot go on"))
				continue
			}
			st.interrupt(time.Unix(1, 0))
		}
	}
}

// interrupt sets until when the backend may be waited for; the zero time is for ever.
func (s *stream) interrupt(until time.Time) {
	if d, ok := s.backend.(interface{ SetDeadline(time.Time) error }); ok {
		_ = d.SetDeadline(until)
	}
	s.poke()
}

// freezeStreams gives the streams of a client. c.mu is held.
func (c *client) freezeStreams(name string, files map[string]syscall.Conn) []frozenStream {
	var list []frozenStream
	for _, s := range c.streams {
		b, ok := s.backend.(Freezable)
		if !ok {
			continue // ended by interruptStreams, or about to be
		}
		s.mu.Lock()
		f := frozenStream{Header: s.header, Reads: s.reads, Finish: s.finish}
		for _, p := range s.queue {
			f.Queue = append(f.Queue, frozenPortion{p.data, p.hole})
		}
		ended := s.ended
		s.mu.Unlock()
		if ended {
			continue
		}
		var file syscall.Conn
		f.Kind, f.State, file = b.FreezeStream()
		files[streamFile(name, s.header.Serial)] = file
		list = append(list, f)
	}
	return list
}

// thawStreams opens the streams of a client again.
func (c *client) thawStreams(name string, list []frozenStream, box *gen.Frozen) error {
	for _, f := range list {
		file, err := freeze.File(box, streamFile(name, f.Header.Serial))
		if err != nil {
			return err
		}
		b, err := c.server.sessions.ThawStream(f.Kind, f.State, file)
		if err != nil {
			return err
		}
		s := &stream{
			client: c, header: f.Header, backend: b, reads: f.Reads,
			finish: f.Finish, fed: make(chan struct{}, 1),
		}
		for _, p := range f.Queue {
			s.queue = append(s.queue, portion{p.Data, p.Hole})
			s.size += len(p.Data) + portionSize
		}
		if !c.addStream(s) {
			return fmt.Errorf("two streams have serial %d", f.Header.Serial)
		}
		s.start()
		s.poke()
	}
	return nil
}

// resumeStreams lets the streams of a client go on in this program.
func (c *client) resumeStreams() {
	for _, s := range c.allStreams() {
		s.interrupt(time.Time{})
		s.start()
		s.poke()
	}
}
