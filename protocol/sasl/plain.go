package sasl

import (
	"bytes"
	"errors"
)

// plain has the client say its password (RFC 4616).
type plain struct {
	unlayered
	lookup Lookup
	user   string
	over   bool
}

// User implements Exchange.
func (p *plain) User() string { return p.user }

// Step implements Exchange.
func (p *plain) Step(in []byte) (out []byte, done bool, err error) {
	switch {
	case p.over:
		return nil, false, errOver
	case in == nil:
		return nil, false, nil
	}
	p.over = true
	if len(in) > maxMessage {
		return nil, false, errors.New("the message is too long")
	}
	parts := bytes.Split(in, []byte{0})
	if len(parts) != 3 || len(parts[2]) == 0 {
		return nil, false, errors.New("the message is not a name and a password")
	}
	as, user := string(parts[0]), string(parts[1])
	if err := checkName(user); err != nil {
		return nil, false, err
	}
	p.user = user
	if as != "" && as != user {
		return nil, false, errActAs
	}
	secret, unknown, err := find(p.lookup, user)
	if err != nil {
		return nil, false, err
	}
	if !secret.Matches(string(parts[2])) || unknown {
		return nil, false, mismatch(unknown)
	}
	return nil, true, nil
}

var errActAs = errors.New("the client wants to act as another user")
