package rpc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"

	"virtree.dev/protocol/sasl"
)

// sealed is a layer of SASL over a client's socket: buffers behind their length.
type sealed struct {
	layer   sasl.Layer
	wire    *wireConn
	sealing atomic.Bool // what is sent goes through it; what is read does from the first
	in      []byte      // came, and is no whole buffer yet
	plain   []byte      // opened, and not yet read
}

// lengthSize is what stands before a buffer.
const lengthSize = 4

// Read implements io.Reader.
func (s *sealed) Read(p []byte) (int, error) {
	for len(s.plain) == 0 {
		if err := s.open(); err != nil {
			return 0, err
		}
		if len(s.plain) > 0 {
			break
		}
		n, err := s.wire.Read(p)
		if err != nil {
			return 0, err
		}
		s.in = append(s.in, p[:n]...)
	}
	n := copy(p, s.plain)
	if s.plain = s.plain[n:]; len(s.plain) == 0 {
		s.plain = nil
	}
	return n, nil
}

// open opens the next whole buffers, until one has something in it.
func (s *sealed) open() error {
	for len(s.plain) == 0 && len(s.in) >= lengthSize {
		size := int(binary.BigEndian.Uint32(s.in))
		if size > sasl.MaxSealed {
			return fmt.Errorf("a buffer of SASL of %d bytes, where %d were agreed on", size, sasl.MaxSealed)
		}
		if len(s.in)-lengthSize < size {
			return nil
		}
		var err error
		if s.plain, err = s.layer.Open(s.in[lengthSize : lengthSize+size]); err != nil {
			return err
		}
		if s.in = s.in[lengthSize+size:]; len(s.in) == 0 {
			s.in = nil // idle clients hold no buffer
		}
	}
	return nil
}

// Write implements io.Writer: it takes as much as one buffer holds.
func (s *sealed) Write(p []byte) (int, error) {
	p = p[:min(len(p), s.layer.MaxPlain())]
	token, err := s.layer.Seal(p)
	if err != nil {
		return 0, err
	}
	_, _ = s.wire.Write(binary.BigEndian.AppendUint32(nil, uint32(len(token))))
	_, _ = s.wire.Write(token) // it only queues
	return len(p), nil
}

// CloseWrite implements protection: a layer has no farewell.
func (s *sealed) CloseWrite() error { return nil }

// Protect has a layer protect what follows the reply in the making, and whatever
// is read from now on. Only a call that decides who the client is may ask for it.
func (c *client) Protect(l sasl.Layer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.protects = l
}

// protection gives the seal for what follows a reply, nil for none.
func (c *client) protection() *sealed {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.protects == nil {
		return nil
	}
	l := c.protects
	c.protects = nil
	return &sealed{layer: l, wire: &wireConn{socket: c.socket}}
}

var errClear = errors.New("calls in clear text behind the end of authentication")

// inTheClear refuses what came unprotected before the client could know that it
// was to be protected: it may be anybody's.
func (c *client) inTheClear() error {
	secure := c.secure.Load()
	if secure == nil || c.in.sealed {
		return nil
	}
	if _, is := secure.conn.(*sealed); !is {
		return nil
	}
	c.in.sealed = true
	if len(c.in.partial) > 0 {
		return errClear
	}
	return nil
}
