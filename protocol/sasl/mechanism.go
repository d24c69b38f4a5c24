package sasl

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
)

// The mechanisms.
const (
	Plain       = "PLAIN"
	ScramSHA1   = "SCRAM-SHA-1"
	ScramSHA256 = "SCRAM-SHA-256"
	GSSAPI      = "GSSAPI"
)

// Known are the mechanisms that can be had, strongest first.
func Known() []string { return []string{GSSAPI, ScramSHA256, ScramSHA1, Plain} }

// maxMessage bounds what a client may say at once; maxName the name of a user.
const (
	maxMessage = 64 << 10
	maxName    = 256
)

// Exchange is one negotiation in the making.
type Exchange interface {
	// Step takes what the client says, nil where it says nothing, and gives what
	// it is told, nil for nothing. When done, the client is who User says. After
	// an error or the end there is no other step.
	Step(in []byte) (out []byte, done bool, err error)
	// User is who the client says it is, as soon as it has said so.
	User() string
	// Layer protects everything after the end; nil: nothing does.
	Layer() Layer
}

// Layer protects what is sent and received: each of its messages is a buffer of
// SASL, behind its length in four bytes.
type Layer interface {
	Seal(plain []byte) ([]byte, error)
	Open(sealed []byte) ([]byte, error)
	SSF() int      // the strength in bits
	MaxPlain() int // of one message, at most, for Seal
}

// MaxSealed is as much as a client may send in one buffer of a layer.
const MaxSealed = 1 << 16

// Lookup finds what is known of a user, nil where there is none of that name.
type Lookup func(user string) (*Secret, error)

// Server is what the mechanisms of a server stand on.
type Server struct {
	Lookup  Lookup         // for those that compare with a secret
	Context func() Context // for GSSAPI
	Secure  bool           // the client is protected without a layer: none is to be agreed on
	MinSSF  int            // of a layer, where there is to be one
	nonce   func() string  // random but in tests
}

// Begin starts a negotiation.
func (s *Server) Begin(mechanism string) (Exchange, error) {
	switch mechanism {
	case Plain:
		return &plain{lookup: s.Lookup}, nil
	case ScramSHA1, ScramSHA256:
		nonce := rand.Text
		if s.nonce != nil {
			nonce = s.nonce
		}
		return &scram{hash: hashes[mechanism], lookup: s.Lookup, nonce: nonce()}, nil
	case GSSAPI:
		if s.Context == nil {
			return nil, errors.New("there is no keytab")
		}
		return &gssapi{context: s.Context(), secure: s.Secure, minSSF: s.MinSSF}, nil
	}
	return nil, fmt.Errorf("mechanism %.40q is not offered", mechanism)
}

// unlayered is the part of exchanges that protect nothing.
type unlayered struct{}

// Layer implements Exchange.
func (unlayered) Layer() Layer { return nil }

var errOver = errors.New("the exchange is over")

// checkName refuses names that nobody can have.
func checkName(name string) error {
	if name == "" || len(name) > maxName || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return fmt.Errorf("%.40q is no name of a user", name)
	}
	return nil
}

// fakeKey makes up what users have that do not exist, the same at each attempt.
var fakeKey = []byte(rand.Text())

// fake is a secret that no password matches.
func fake(user string) *Secret { return &Secret{Password: string(derived("password", user))} }

// derived is a value that belongs to a name, and that nobody else can tell.
func derived(what, user string) []byte {
	m := hmac.New(sha256.New, fakeKey)
	m.Write([]byte(what + "\x00" + user))
	return m.Sum(nil)
}

// find looks a user up. For one that is not there it gives a secret that fits
// nobody: who asks learns it no sooner than who has a wrong password.
func find(lookup Lookup, user string) (secret *Secret, unknown bool, err error) {
	if lookup == nil {
		return nil, false, errors.New("there is no list of users")
	}
	secret, err = lookup(user)
	if err == nil && secret == nil {
		return fake(user), true, nil
	}
	return secret, false, err
}

// mismatch says why a proof is not one.
func mismatch(unknown bool) error {
	if unknown {
		return errors.New("there is no such user")
	}
	return errors.New("the password is wrong")
}
