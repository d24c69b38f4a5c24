package rpc

import (
	"time"

	"virtree.dev/protocol/keepalive"
	"virtree.dev/protocol/wire"
)

// isKeepalive says whether a frame is for the reader alone. What is no message
// of the right version goes the way of an unknown program.
func isKeepalive(h wire.Header) bool {
	return h.Program == keepalive.ID && h.Version == keepalive.Version && h.Type == wire.Message
}

func keepaliveFrame(proc int32) []byte {
	return wire.AppendRaw(nil, wire.Header{
		Program: keepalive.ID, Version: keepalive.Version, Procedure: proc, Type: wire.Message,
	}, nil)
}

var (
	ping = keepaliveFrame(keepalive.ProcPing)
	pong = keepaliveFrame(keepalive.ProcPong)
)

// keepalive answers a ping and notes a pong.
func (c *client) keepalive(h wire.Header) {
	switch h.Procedure {
	case keepalive.ProcPing:
		c.out.raw(pong, unreadStop, nil)
	case keepalive.ProcPong:
		c.pings.Store(0)
	}
}

// keepalives asks clients that have been silent, and closes those that do not answer.
func (s *Server) keepalives(now time.Time) {
	l := s.Limits()
	if l.KeepaliveInterval <= 0 {
		return
	}
	var due []*client
	s.mu.Lock()
	for _, c := range s.clients {
		if c.session.KeepsAlive() {
			due = append(due, c)
		}
	}
	s.mu.Unlock()
	for _, c := range due {
		c.probe(now, l)
	}
}

func (c *client) probe(now time.Time, l Limits) {
	silent := now.Sub(time.Unix(0, c.heard.Load()))
	asked := int(c.pings.Load())
	if silent < l.KeepaliveInterval {
		c.pings.Store(0)
		return
	}
	if silent < time.Duration(asked+1)*l.KeepaliveInterval {
		return
	}
	if asked >= l.KeepaliveCount {
		c.server.log.Warn("client has disappeared: " + c.session.String())
		c.hangUp()
		return
	}
	c.pings.Add(1)
	c.out.raw(ping, unreadStop, nil)
}
