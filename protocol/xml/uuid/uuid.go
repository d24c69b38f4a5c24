package uuid

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
)

// UUID is the identity of a domain, network, pool, secret...
type UUID [16]byte

var errMalformed = errors.New("malformed uuid")

// New makes a random UUID of version 4.
func New() UUID {
	var u UUID
	_, _ = rand.Read(u[:]) // never fails
	u[6] = u[6]&0x0f | 0x40
	u[8] = u[8]&0x3f | 0x80
	return u
}

// Parse reads 32 hexadecimal digits; blanks around and dashes and blanks between them do not matter.
func Parse(s string) (UUID, error) {
	var u UUID
	digits := make([]byte, 0, 32)
	for i := range len(s) {
		switch c := s[i]; {
		case c == '-' || c == ' ' || c == '\t' || c == '\n' || c == '\r':
		case len(digits) == 32:
			return UUID{}, errMalformed
		default:
			digits = append(digits, c)
		}
	}
	if n, err := hex.Decode(u[:], digits); err != nil || n != len(u) {
		return UUID{}, errMalformed
	}
	return u, nil
}

// String gives the 36 character form in lower case.
func (u UUID) String() string {
	var b [36]byte
	hex.Encode(b[0:8], u[0:4])
	hex.Encode(b[9:13], u[4:6])
	hex.Encode(b[14:18], u[6:8])
	hex.Encode(b[19:23], u[8:10])
	hex.Encode(b[24:36], u[10:16])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	return string(b[:])
}

// Valid is false for a UUID of sixteen equal bytes, which libvirt refuses as an identity.
func (u UUID) Valid() bool {
	for _, c := range u[1:] {
		if c != u[0] {
			return true
		}
	}
	return false
}
