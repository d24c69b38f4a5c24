package sasl

import (
	"crypto/hmac"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
)

// scram has the client prove that it has the password (RFC 5802), without
// binding to a channel.
type scram struct {
	unlayered
	hash   hashing
	lookup Lookup
	nonce  string // the server's part, then both

	state    int
	user     string
	unknown  bool
	binding  string // what the client's last message must repeat of its first
	first    string // both first messages, as they are signed
	verifier Verifier
}

const (
	scramFirst = iota
	scramFinal
	scramOver
)

// User implements Exchange.
func (s *scram) User() string { return s.user }

// Step implements Exchange.
func (s *scram) Step(in []byte) (out []byte, done bool, err error) {
	if s.state == scramFirst && in == nil {
		return nil, false, nil
	}
	state := s.state
	s.state = scramOver
	if len(in) > maxMessage {
		return nil, false, errors.New("the message is too long")
	}
	switch state {
	case scramFirst:
		if out, err = s.begin(string(in)); err == nil {
			s.state = scramFinal
		}
		return out, false, err
	case scramFinal:
		out, err = s.finish(string(in))
		return out, err == nil, err
	}
	return nil, false, errOver
}

var errForm = errors.New("the message is malformed")

// begin reads the client's first message, and gives the server's.
func (s *scram) begin(message string) ([]byte, error) {
	parts := strings.SplitN(message, ",", 3)
	if len(parts) != 3 {
		return nil, errForm
	}
	switch flag, as, bare := parts[0], parts[1], parts[2]; {
	case strings.HasPrefix(flag, "p="):
		return nil, errors.New("the client wants to bind to the channel, which is not offered")
	case flag != "n" && flag != "y", as != "" && !strings.HasPrefix(as, "a="):
		return nil, errForm
	default:
		s.binding = flag + "," + as + ","
		return s.meet(strings.TrimPrefix(as, "a="), bare)
	}
}

// meet reads who the client is, and says what its proof is to be made of.
func (s *scram) meet(as, bare string) ([]byte, error) {
	fields := strings.Split(bare, ",")
	if len(fields) < 2 || !strings.HasPrefix(fields[0], "n=") || !strings.HasPrefix(fields[1], "r=") {
		return nil, errForm // also an extension that has to be understood
	}
	user, err := unescape(fields[0][2:])
	if err != nil {
		return nil, err
	}
	if err := checkName(user); err != nil {
		return nil, err
	}
	s.user = user
	if as, err = unescape(as); err != nil {
		return nil, err
	}
	if as != "" && as != user {
		return nil, errActAs
	}
	nonce := fields[1][2:]
	if nonce == "" || len(nonce) > maxName || strings.ContainsFunc(nonce, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, errors.New("the client's nonce is malformed")
	}
	secret, unknown, err := find(s.lookup, user)
	if err != nil {
		return nil, err
	}
	s.unknown = unknown
	if err := s.prepare(secret); err != nil {
		return nil, err
	}
	s.nonce = nonce + s.nonce
	first := "r=" + s.nonce + ",s=" + base64.StdEncoding.EncodeToString(s.verifier.Salt) + ",i=" + strconv.Itoa(s.verifier.Iterations)
	s.first = bare + "," + first
	return []byte(first), nil
}

// prepare finds the verifier, or makes it of the password.
func (s *scram) prepare(secret *Secret) (err error) {
	if v := secret.verifier(s.hash.mechanism); v != nil {
		s.verifier = *v
		return nil
	}
	if secret.Password == "" { // as for one that is not there
		s.unknown, secret = true, fake(s.user)
	}
	s.verifier, err = s.hash.derive(secret.Password, derived("salt", s.user)[:16], defaultIterations)
	return err
}

// finish reads the client's proof, and gives the server's.
func (s *scram) finish(message string) ([]byte, error) {
	at := strings.LastIndex(message, ",p=")
	if at < 0 {
		return nil, errForm
	}
	unproven, proof := message[:at], message[at+3:]
	fields := strings.Split(unproven, ",")
	if len(fields) < 2 || fields[0] != "c="+base64.StdEncoding.EncodeToString([]byte(s.binding)) {
		return nil, errForm
	}
	if fields[1] != "r="+s.nonce {
		return nil, errors.New("the nonce is another exchange's")
	}
	given, err := base64.StdEncoding.Strict().DecodeString(proof)
	if err != nil || len(given) != len(s.verifier.Stored) {
		return nil, errForm
	}
	signed := s.first + "," + unproven
	key := make([]byte, len(given))
	subtle.XORBytes(key, given, s.hash.hmac(s.verifier.Stored, signed))
	if !hmac.Equal(s.hash.sum(key), s.verifier.Stored) || s.unknown {
		return nil, mismatch(s.unknown)
	}
	return []byte("v=" + base64.StdEncoding.EncodeToString(s.hash.hmac(s.verifier.Server, signed))), nil
}

// unescape reads a name, in which a comma is =2C and an equals sign =3D.
func unescape(name string) (string, error) {
	for i := range len(name) {
		if name[i] == '=' && !strings.HasPrefix(name[i:], "=2C") && !strings.HasPrefix(name[i:], "=3D") {
			return "", errForm
		}
	}
	return strings.NewReplacer("=2C", ",", "=3D", "=").Replace(name), nil
}
