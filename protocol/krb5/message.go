package krb5

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
)

// The head of a message (RFC 4121, 4.2.6.2).
const (
	headSize   = 16
	flagsAt    = 2
	extraAt    = 4 // how much follows the text
	rotationAt = 6
	numberAt   = 8

	byAcceptor     = 1
	isSealed       = 2
	acceptorSubkey = 4
)

// head is what stands before a message.
func head(flags byte, extra int, number uint64) []byte {
	h := make([]byte, headSize)
	h[0], h[1], h[flagsAt], h[3] = 5, 4, flags, 0xff
	binary.BigEndian.PutUint16(h[extraAt:], uint16(extra)) //nolint:gosec // it is the size of a checksum
	binary.BigEndian.PutUint64(h[numberAt:], number)
	return h
}

var errUnready = errors.New("the context is not established")

// overhead is how much longer a sealed message is than what is in it.
func (c *Context) overhead() int {
	return headSize + c.etype.GetConfounderByteSize() + headSize + c.etype.GetHMACBitLength()/8
}

// MaxPlain is how long a message may be for its sealed form to fit.
func (c *Context) MaxPlain(sealed int) int {
	if c.etype == nil {
		return 0
	}
	return sealed - c.overhead()
}

// Wrap protects a message from change and, where it is to be sealed, from readers.
func (c *Context) Wrap(plain []byte, seal bool) ([]byte, error) {
	if c.etype == nil || c.unready {
		return nil, errUnready
	}
	number := c.ours
	c.ours++
	if !seal {
		const flags = byAcceptor | acceptorSubkey
		sum, err := c.etype.GetChecksumHash(c.key.KeyValue, slices.Concat(plain, head(flags, 0, number)), keyusage.GSSAPI_ACCEPTOR_SEAL)
		if err != nil {
			return nil, err
		}
		return slices.Concat(head(flags, len(sum), number), plain, sum), nil
	}
	h := head(byAcceptor|isSealed|acceptorSubkey, 0, number)
	_, sealed, err := c.etype.EncryptMessage(c.key.KeyValue, slices.Concat(plain, h), keyusage.GSSAPI_ACCEPTOR_SEAL)
	if err != nil {
		return nil, err
	}
	return append(h, sealed...), nil
}

// Unwrap reads the client's next message.
func (c *Context) Unwrap(token []byte) (plain []byte, sealed bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			plain, err = nil, fmt.Errorf("the message is malformed: %v", p)
		}
	}()
	if c.etype == nil || c.unready {
		return nil, false, errUnready
	}
	if len(token) < headSize || token[0] != 5 || token[1] != 4 || token[3] != 0xff || token[flagsAt]&^isSealed != acceptorSubkey {
		return nil, false, errors.New("the message is none of the client's")
	}
	if n := binary.BigEndian.Uint64(token[numberAt:]); n != c.theirs {
		return nil, false, fmt.Errorf("message %d came in the place of %d", n, c.theirs)
	}
	sealed = token[flagsAt]&isSealed != 0
	body := rotated(token[headSize:], int(binary.BigEndian.Uint16(token[rotationAt:])))
	if sealed {
		plain, err = c.open(token, body)
	} else {
		plain, err = c.verified(token, body)
	}
	if err == nil {
		c.theirs++
	}
	return plain, sealed, err
}

// rotated undoes a rotation to the right.
func rotated(b []byte, by int) []byte {
	if len(b) == 0 {
		return nil
	}
	by %= len(b)
	return slices.Concat(b[by:], b[:by])
}

// open reads a sealed message, which repeats its head.
func (c *Context) open(token, body []byte) ([]byte, error) {
	if len(body) < c.overhead()-headSize {
		return nil, errors.New("the message is too short")
	}
	opened, err := c.etype.DecryptMessage(c.key.KeyValue, body, keyusage.GSSAPI_INITIATOR_SEAL)
	if err != nil {
		return nil, fmt.Errorf("the message is not what was sent: %w", err)
	}
	extra := int(binary.BigEndian.Uint16(token[extraAt:]))
	if len(opened) < headSize+extra {
		return nil, errors.New("the message is too short")
	}
	repeated := opened[len(opened)-headSize:]
	want := bytes.Clone(token[:headSize])
	want[rotationAt], want[rotationAt+1] = 0, 0
	if !bytes.Equal(repeated, want) {
		return nil, errors.New("the message's head was changed")
	}
	return opened[:len(opened)-headSize-extra], nil
}

// verified reads a message that is not sealed.
func (c *Context) verified(token, body []byte) ([]byte, error) {
	extra := int(binary.BigEndian.Uint16(token[extraAt:]))
	if extra > len(body) {
		return nil, errors.New("the message is too short")
	}
	plain, sum := body[:len(body)-extra], body[len(body)-extra:]
	h := head(token[flagsAt], 0, binary.BigEndian.Uint64(token[numberAt:]))
	if !c.etype.VerifyChecksum(c.key.KeyValue, slices.Concat(plain, h), sum, keyusage.GSSAPI_INITIATOR_SEAL) {
		return nil, errors.New("the message is not what was sent")
	}
	return plain, nil
}
