package connection

import (
	"context"
	"errors"
	"strings"
	"sync"

	"virtree.dev/actors/dispatch"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/sasl"
)

// Door is where clients come in that say by SASL who they are.
type Door interface {
	Mechanisms(way dispatch.Way) ([]string, error)
	Begin(mechanism string, way dispatch.Way) (sasl.Exchange, error)
	Admit(user string, layer sasl.Layer, way dispatch.Way) error
	// Failed counts and logs a failure, after which Wait takes its time.
	Failed(who *dispatch.Session, mechanism, user string, why error)
	Came(who *dispatch.Session, mechanism, user string)
	Wait(ctx context.Context, who *dispatch.Session) error
}

// protector is a client that a layer can protect.
type protector interface{ Protect(l sasl.Layer) }

// negotiation is how far a client has come.
type negotiation struct {
	mu        sync.Mutex
	offered   bool
	mechanism string
	exchange  sasl.Exchange // nil: none has begun
	lost      bool          // with the former program
}

type negotiationKey struct{}

// negotiated gives a session's negotiation. Its calls come one after the other.
func negotiated(c *dispatch.Session) *negotiation {
	n, _ := c.ValueOr(negotiationKey{}, &negotiation{})
	return n.(*negotiation)
}

// due says whether the client has to authenticate by SASL.
func (s *Service) due(c *dispatch.Session) bool {
	return s.door != nil && c.Demanded() == dispatch.AuthSASL && !c.Authenticated()
}

// saslInit offers mechanisms. As in libvirt, where there is none the client learns
// no more than that it cannot come in.
func (s *Service) saslInit(c *dispatch.Call, _ *dispatch.Void) (*remote.AuthSASLInitRet, error) {
	if !s.due(c.Session) {
		return nil, errAuth()
	}
	n := negotiated(c.Session)
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.offered {
		return nil, s.failed(c, "", "", errors.New("client tried invalid SASL init request"))
	}
	list, err := s.door.Mechanisms(c.Session.Way)
	if err == nil && len(list) == 0 {
		err = errors.New("no SASL mechanisms are available: on plain TCP there is GSSAPI alone")
	}
	if err != nil {
		return nil, s.failed(c, "", "", err)
	}
	n.offered, n.lost = true, false
	return &remote.AuthSASLInitRet{Mechlist: strings.Join(list, ",")}, nil
}

func (s *Service) saslStart(c *dispatch.Call, a *remote.AuthSASLStartArgs) (*remote.AuthSASLStartRet, error) {
	if !s.due(c.Session) {
		return nil, errAuth()
	}
	n := negotiated(c.Session)
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.offered {
		return nil, s.refuse(c, n, errors.New("client tried invalid SASL start request"))
	}
	if err := c.Wait(func() error { return s.door.Wait(c.Context, c.Session) }); err != nil {
		return nil, errAuth()
	}
	var err error
	n.mechanism = a.Mech
	if n.exchange, err = s.door.Begin(a.Mech, c.Session.Way); err != nil {
		return nil, s.refuse(c, n, err)
	}
	complete, none, data, err := s.step(c, n, a.Nil, a.Data)
	return &remote.AuthSASLStartRet{Complete: complete, Nil: none, Data: data}, err
}

func (s *Service) saslStep(c *dispatch.Call, a *remote.AuthSASLStepArgs) (*remote.AuthSASLStepRet, error) {
	if !s.due(c.Session) {
		return nil, errAuth()
	}
	n := negotiated(c.Session)
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case n.lost:
		return nil, s.refuse(c, n, errors.New("it was begun with the former program, and the client has to begin again"))
	case n.exchange == nil:
		return nil, s.refuse(c, n, errors.New("client tried invalid SASL start request"))
	}
	complete, none, data, err := s.step(c, n, a.Nil, a.Data)
	return &remote.AuthSASLStepRet{Complete: complete, Nil: none, Data: data}, err
}

// step gives the exchange what the client says. n.mu is held.
func (s *Service) step(c *dispatch.Call, n *negotiation, none int32, data []int8) (complete, noneBack int32, back []int8, err error) {
	in := fromWire(data)
	if none != 0 {
		in = nil // which is not the same as to say nothing in so many words
	}
	out, done, err := n.exchange.Step(in)
	if err == nil && len(out) > remote.AuthSASLDataMax {
		err = errors.New("the answer is too long")
	}
	if err == nil && done {
		complete, err = 1, s.finish(c, n)
	}
	if err != nil {
		return 0, 0, nil, s.refuse(c, n, err)
	}
	if out == nil {
		noneBack = 1
	}
	return complete, noneBack, toWire(out), nil
}

// finish lets the client in, unless it may not.
func (s *Service) finish(c *dispatch.Call, n *negotiation) error {
	user, layer := n.exchange.User(), n.exchange.Layer()
	if err := s.door.Admit(user, layer, c.Session.Way); err != nil {
		return err
	}
	if layer != nil {
		p, ok := c.Session.Peer.(protector)
		if !ok {
			return errors.New("the client cannot be protected")
		}
		p.Protect(layer)
	}
	who := c.Session.Identity()
	who.SASLUser = user
	c.Session.SetIdentity(who)
	s.door.Came(c.Session, n.mechanism, user)
	n.forget()
	c.Session.Authenticate()
	return nil
}

// refuse ends a negotiation. The client may begin another, but not at once. n.mu is held.
func (s *Service) refuse(c *dispatch.Call, n *negotiation, why error) error {
	user := ""
	if n.exchange != nil {
		user = n.exchange.User()
	}
	mechanism := n.mechanism
	n.forget()
	return s.failed(c, mechanism, user, why)
}

// failed is the answer to a client that may not come in, which takes its time.
func (s *Service) failed(c *dispatch.Call, mechanism, user string, why error) error {
	s.door.Failed(c.Session, mechanism, user, why)
	_ = c.Wait(func() error { return s.door.Wait(c.Context, c.Session) }) // else the client has gone
	return errAuth()
}

func (n *negotiation) forget() { n.offered, n.lost, n.mechanism, n.exchange = false, false, "", nil }

// How far a client had come when its program was replaced.
const (
	saslOffered = "offered"
	saslBegun   = "begun"
)

// freeze gives how far the client has come; an exchange that has begun cannot go along.
func (n *negotiation) freeze() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case n.exchange != nil || n.lost:
		return saslBegun
	case n.offered:
		return saslOffered
	}
	return ""
}

func (n *negotiation) thaw(state string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.offered, n.lost = state == saslOffered, state == saslBegun
}

// fromWire gives bytes; what has none is not nil.
func fromWire(data []int8) []byte {
	b := make([]byte, len(data))
	for i, v := range data {
		b[i] = byte(v)
	}
	return b
}

func toWire(b []byte) []int8 {
	data := make([]int8, len(b))
	for i, v := range b {
		data[i] = int8(v)
	}
	return data
}
