package sasl

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Context is the acceptor's side of a security context of GSSAPI.
type Context interface {
	// Accept takes a token of the client and gives the answer; nil: there is none.
	// Once established the client is known.
	Accept(token []byte) (out []byte, established bool, err error)
	Client() string
	// Wrap protects a message, Unwrap reads one; sealed: nobody else can read it.
	Wrap(plain []byte, seal bool) ([]byte, error)
	Unwrap(token []byte) (plain []byte, sealed bool, err error)
	SSF() int // of sealed messages
	// MaxPlain is how long a message may be for its sealed form to fit.
	MaxPlain(sealed int) int
}

// The layers that both sides choose from, by bit (RFC 4752).
const (
	layerNone    = 1
	layerPrivacy = 4
)

// gssapi has Kerberos say who the client is.
type gssapi struct {
	context Context
	secure  bool // protected without a layer
	minSSF  int

	state   int
	user    string
	offered byte
	layer   *gssLayer
}

const (
	gssTokens = iota // tokens go to and fro
	gssOffer         // the client has nothing more to say before the layers are offered
	gssChoice        // the client chooses one
	gssOver
)

// User implements Exchange.
func (g *gssapi) User() string { return g.user }

// Layer implements Exchange.
func (g *gssapi) Layer() Layer {
	if g.layer == nil {
		return nil
	}
	return g.layer
}

// Step implements Exchange.
func (g *gssapi) Step(in []byte) (out []byte, done bool, err error) {
	if g.state == gssTokens && in == nil {
		return nil, false, nil
	}
	state := g.state
	g.state = gssOver
	if len(in) > maxMessage {
		return nil, false, errors.New("the token is too long")
	}
	switch state {
	case gssTokens:
		out, err = g.accept(in)
		return out, false, err
	case gssOffer:
		out, err = g.offer(in)
		return out, false, err
	case gssChoice:
		err = g.choose(in)
		return nil, err == nil, err
	}
	return nil, false, errOver
}

func (g *gssapi) accept(in []byte) ([]byte, error) {
	out, established, err := g.context.Accept(in)
	switch {
	case err != nil:
		return nil, err
	case !established:
		g.state = gssTokens
		return out, nil
	}
	g.user = g.context.Client()
	if err := checkName(g.user); err != nil {
		return nil, err
	}
	if len(out) == 0 {
		return g.offer(nil)
	}
	g.state = gssOffer
	return out, nil
}

// offer names the layers and how much may be sent in one buffer.
func (g *gssapi) offer(in []byte) ([]byte, error) {
	if len(in) != 0 {
		return nil, errors.New("a token after the context was established")
	}
	size := uint32(MaxSealed)
	if g.secure {
		g.offered, size = layerNone, 0
	} else if g.context.SSF() >= g.minSSF {
		g.offered = layerPrivacy
	} else {
		return nil, fmt.Errorf("the client's encryption has %d bits, and %d are wanted", g.context.SSF(), g.minSSF)
	}
	g.state = gssChoice
	return g.context.Wrap(binary.BigEndian.AppendUint32(nil, uint32(g.offered)<<24|size&0xffffff), false)
}

// choose reads the client's choice, and whom it wants to act as.
func (g *gssapi) choose(in []byte) error {
	choice, _, err := g.context.Unwrap(in)
	if err != nil {
		return err
	}
	if len(choice) < 4 {
		return errors.New("the choice of a layer is too short")
	}
	layer, size := choice[0], int(binary.BigEndian.Uint32(choice)&0xffffff)
	if as := string(choice[4:]); as != "" && as != g.user {
		return errActAs
	}
	switch {
	case layer != g.offered:
		return fmt.Errorf("layer %d was not offered", layer)
	case layer == layerNone:
		return nil
	}
	room := g.context.MaxPlain(size)
	if room <= 0 {
		return fmt.Errorf("buffers of %d bytes are too small", size)
	}
	g.layer = &gssLayer{g.context, min(room, MaxSealed/2)}
	return nil
}

// gssLayer seals every message.
type gssLayer struct {
	context Context
	room    int
}

// Seal implements Layer.
func (l *gssLayer) Seal(plain []byte) ([]byte, error) { return l.context.Wrap(plain, true) }

// Open implements Layer.
func (l *gssLayer) Open(sealed []byte) ([]byte, error) {
	plain, private, err := l.context.Unwrap(sealed)
	if err == nil && !private {
		return nil, errors.New("a message came in clear text")
	}
	return plain, err
}

// SSF implements Layer.
func (l *gssLayer) SSF() int { return l.context.SSF() }

// MaxPlain implements Layer.
func (l *gssLayer) MaxPlain() int { return l.room }
