package rpc

import (
	"context"
	"crypto/tls"
	"fmt"
	"time"

	"virtree.dev/actors/dispatch"
	"virtree.dev/internal/tlscert"
)

// handshakeTime bounds how long a client may take to shake hands.
const handshakeTime = 15 * time.Second

// Secure makes clients speak TLS.
func (l *Listener) Secure(certificates *tlscert.Store) { l.certificates = certificates }

// shake meets a client with TLS, in a job of its own: it may take its time.
func (s *Server) shake(c *client, l *Listener) {
	owner := s.owner.Load()
	if owner == nil {
		c.end()
		return
	}
	err := owner.Go("handshake", func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, handshakeTime)
		defer cancel()
		if err := s.secure(ctx, c, l.certificates); err != nil {
			s.failures.note(c.session.Origin(), fmt.Sprintf("client %d from %s: %v", c.id, c.address, err), time.Now())
			c.end()
			return nil
		}
		if l.auth == dispatch.AuthNone {
			c.session.Authenticate()
		}
		s.begin(c)
		return nil
	})
	if err != nil {
		c.end()
	}
}

// secure shakes hands, looks at the client's certificate, and tells it with one
// byte that it is welcome.
func (s *Server) secure(ctx context.Context, c *client, store *tlscert.Store) error {
	s.refresh(store)
	credentials := store.Credentials()
	conn, err := c.socket.Conn()
	if err != nil {
		return err
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	wire := &wireConn{shaking: conn, socket: c.socket}
	session := tls.Server(wire, credentials.Config())
	if err := session.HandshakeContext(ctx); err != nil {
		return fmt.Errorf("authentication failed: TLS handshake failed %w", err)
	}
	name, notes, why, err := credentials.Peer(session.ConnectionState().PeerCertificates)
	for _, n := range notes {
		s.log.Warn(n)
	}
	if why != nil {
		s.log.Warn("Certificate check failed " + why.Error())
	}
	if err != nil {
		return err
	}
	if _, err := session.Write([]byte{1}); err != nil {
		return err
	}
	wire.shaking = nil
	who := c.session.Identity()
	who.X509 = name
	c.session.SetIdentity(who)
	c.secure.Store(&secured{conn: session, wire: wire})
	return nil
}

// refresh reads certificates that have changed. Broken ones are said, and the
// former stay.
func (s *Server) refresh(store *tlscert.Store) {
	updated, notes, err := store.Refresh()
	for _, n := range notes {
		s.log.Warn(n)
	}
	switch {
	case err != nil:
		s.log.Error("the changed TLS certificates cannot be used, the former ones stay: " + err.Error())
	case updated:
		s.log.Info("the changed TLS certificates are used from now on")
	}
}

// UpdateTLS reads the certificates of all listeners again; none says whether
// there is no such listener.
func (s *Server) UpdateTLS() (none bool, err error) {
	none = true
	for _, l := range s.listeners {
		if l.certificates == nil {
			continue
		}
		none = false
		notes, err := l.certificates.Update()
		for _, n := range notes {
			s.log.Warn(n)
		}
		if err != nil {
			return false, err
		}
	}
	return none, nil
}
