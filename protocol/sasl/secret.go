package sasl

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // SCRAM-SHA-1 is made of it
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"slices"
	"strconv"
	"strings"
)

// Secret is what is known of a user: the password itself, or what shows whether
// somebody has it.
type Secret struct {
	Password  string     // empty: not known
	Verifiers []Verifier // at most one of each mechanism
}

// Verifier shows whether somebody has a password, without containing it (RFC 5802).
type Verifier struct {
	Mechanism      string
	Iterations     int
	Salt           []byte
	Stored, Server []byte
}

// Bounds of an iteration count: fewer are too weak, more only keep the client busy.
const (
	minIterations     = 4096
	maxIterations     = 10_000_000
	defaultIterations = 4096
	freshIterations   = 15_000 // of a new verifier
)

// hashing is the hash of a SCRAM mechanism.
type hashing struct {
	mechanism string
	new       func() hash.Hash
}

var hashes = map[string]hashing{
	ScramSHA1:   {ScramSHA1, sha1.New},
	ScramSHA256: {ScramSHA256, sha256.New},
}

func (h hashing) hmac(key []byte, text string) []byte {
	m := hmac.New(h.new, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}

func (h hashing) sum(b []byte) []byte {
	d := h.new()
	d.Write(b)
	return d.Sum(nil)
}

// derive makes the verifier of a password.
func (h hashing) derive(password string, salt []byte, iterations int) (Verifier, error) {
	key, err := pbkdf2.Key(h.new, password, salt, iterations, h.new().Size())
	if err != nil {
		return Verifier{}, err
	}
	return Verifier{
		Mechanism: h.mechanism, Iterations: iterations, Salt: salt,
		Stored: h.sum(h.hmac(key, "Client Key")), Server: h.hmac(key, "Server Key"),
	}, nil
}

// NewVerifier makes a verifier of a password with a salt of its own.
func NewVerifier(mechanism, password string) (Verifier, error) {
	h, ok := hashes[mechanism]
	if !ok {
		return Verifier{}, fmt.Errorf("%s has no verifiers", mechanism)
	}
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails
	return h.derive(password, salt, freshIterations)
}

// verifier is the one for a mechanism, nil where there is none.
func (s *Secret) verifier(mechanism string) *Verifier {
	i := slices.IndexFunc(s.Verifiers, func(v Verifier) bool { return v.Mechanism == mechanism })
	if i < 0 {
		return nil
	}
	return &s.Verifiers[i]
}

// Matches says whether a password is the user's.
func (s *Secret) Matches(password string) bool {
	if s.Password != "" {
		return hmac.Equal([]byte(s.Password), []byte(password))
	}
	for _, v := range s.Verifiers {
		is, err := hashes[v.Mechanism].derive(password, v.Salt, v.Iterations)
		return err == nil && hmac.Equal(is.Stored, v.Stored)
	}
	return false
}

// String writes a verifier as PostgreSQL does:
// SCRAM-SHA-256$15000:salt$StoredKey:ServerKey.
func (v Verifier) String() string {
	text := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("%s$%d:%s$%s:%s", v.Mechanism, v.Iterations, text(v.Salt), text(v.Stored), text(v.Server))
}

var errVerifier = errors.New("a verifier has the form SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey")

// ParseVerifier reads what String writes.
func ParseVerifier(text string) (v Verifier, err error) {
	parts := strings.Split(text, "$")
	if len(parts) != 3 {
		return v, errVerifier
	}
	h, ok := hashes[parts[0]]
	if !ok {
		return v, fmt.Errorf("verifiers are of SCRAM-SHA-256 or SCRAM-SHA-1, not of %.40q", parts[0])
	}
	count, salt, ok1 := strings.Cut(parts[1], ":")
	stored, server, ok2 := strings.Cut(parts[2], ":")
	if !ok1 || !ok2 {
		return v, errVerifier
	}
	v.Mechanism = h.mechanism
	if v.Iterations, err = strconv.Atoi(count); err != nil || v.Iterations < minIterations || v.Iterations > maxIterations {
		return v, fmt.Errorf("a verifier has from %d to %d iterations, not %.20q", minIterations, maxIterations, count)
	}
	for _, f := range []struct {
		text string
		to   *[]byte
		size int
	}{{salt, &v.Salt, 0}, {stored, &v.Stored, h.new().Size()}, {server, &v.Server, h.new().Size()}} {
		*f.to, err = base64.StdEncoding.Strict().DecodeString(f.text)
		if err != nil || len(*f.to) == 0 || f.size > 0 && len(*f.to) != f.size {
			return v, errVerifier
		}
	}
	return v, nil
}
