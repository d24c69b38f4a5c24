package sasl

import (
	"bytes"
	"crypto/pbkdf2"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strconv"
	"strings"
	"testing"
)

// answer is a client's last message of SCRAM.
func answer(h hashing, password, bare, challenge string) (string, error) {
	fields := strings.Split(challenge, ",")
	salt, err := base64.StdEncoding.DecodeString(fields[1][2:])
	if err != nil {
		return "", err
	}
	n, err := strconv.Atoi(fields[2][2:])
	if err != nil {
		return "", err
	}
	salted, err := pbkdf2.Key(h.new, password, salt, n, h.new().Size())
	if err != nil {
		return "", err
	}
	unproven := "c=biws," + fields[0]
	key := h.hmac(salted, "Client Key")
	proof := make([]byte, len(key))
	subtle.XORBytes(proof, key, h.hmac(h.sum(key), bare+","+challenge+","+unproven))
	return unproven + ",p=" + base64.StdEncoding.EncodeToString(proof), nil
}

// peer is a security context whose sealing is a prefix.
type peer struct{ ssf int }

func newPeer() Context { return &peer{256} }

func (*peer) Accept(token []byte) ([]byte, bool, error) {
	switch string(token) {
	case "more":
		return []byte("go on"), false, nil
	case "mutual":
		return []byte("me too"), true, nil
	case "bob":
		return nil, true, nil
	}
	return nil, false, errors.New("no ticket")
}
func (*peer) Client() string { return "bob" }
func (*peer) Wrap(plain []byte, seal bool) ([]byte, error) {
	if seal {
		return append([]byte("S"), plain...), nil
	}
	return append([]byte("C"), plain...), nil
}
func (*peer) Unwrap(token []byte) ([]byte, bool, error) {
	if len(token) == 0 {
		return nil, false, errors.New("no token")
	}
	return token[1:], token[0] == 'S', nil
}
func (p *peer) SSF() int              { return p.ssf }
func (*peer) MaxPlain(sealed int) int { return sealed - 60 }

func gssServer(secure bool, ssf int) *Server {
	return &Server{Secure: secure, MinSSF: 112, Context: func() Context { return &peer{ssf} }}
}

func choice(layer byte, size uint32, as string) []byte {
	return append(binary.BigEndian.AppendUint32([]byte("C"), uint32(layer)<<24|size), as...)
}

func TestLayersOfGSSAPI(t *testing.T) {
	for _, c := range []struct {
		name   string
		secure bool
		ssf    int
		choice []byte
		offer  string
		layer  bool
		failed string
	}{
		{"sealed", false, 256, choice(4, 65536, ""), "C\x04\x01\x00\x00", true, ""},
		{"as itself", false, 112, choice(4, 65536, "bob"), "C\x04\x01\x00\x00", true, ""},
		{"behind TLS", true, 0, choice(1, 0, ""), "C\x01\x00\x00\x00", false, ""},
		{"as another", true, 0, choice(1, 0, "root"), "C\x01\x00\x00\x00", false, "another user"},
		{"none in the open", false, 256, choice(1, 0, ""), "C\x04\x01\x00\x00", false, "not offered"},
		{"integrity alone", false, 256, choice(2, 65536, ""), "C\x04\x01\x00\x00", false, "not offered"},
		{"no room", false, 256, choice(4, 50, ""), "C\x04\x01\x00\x00", false, "too small"},
		{"short", false, 256, []byte("C123"), "C\x04\x01\x00\x00", false, "too short"},
		{"nothing", false, 256, nil, "C\x04\x01\x00\x00", false, "no token"},
	} {
		e := begin(t, gssServer(c.secure, c.ssf), GSSAPI)
		if out, done, err := e.Step(nil); out != nil || done || err != nil {
			t.Error(c.name, out, done, err)
		}
		if out, _, err := e.Step([]byte("more")); string(out) != "go on" || err != nil {
			t.Error(c.name, out, err)
		}
		if out, _, err := e.Step([]byte("mutual")); string(out) != "me too" || err != nil || e.User() != "bob" {
			t.Error(c.name, out, err)
		}
		out, done, err := e.Step(nil)
		if string(out) != c.offer || done || err != nil {
			t.Errorf("%s: %q, %v", c.name, out, err)
		}
		_, done, err = e.Step(c.choice)
		if done != (c.failed == "") || err != nil && !strings.Contains(err.Error(), c.failed) {
			t.Error(c.name, done, err)
		}
		if (e.Layer() != nil) != c.layer {
			t.Error(c.name, e.Layer())
		}
		if !c.layer {
			continue
		}
		l := e.Layer()
		if l.SSF() != c.ssf || l.MaxPlain() > MaxSealed-60 || l.MaxPlain() < 1024 {
			t.Error(c.name, l.SSF(), l.MaxPlain())
		}
		sealed, err := l.Seal([]byte("text"))
		if plain, failed := l.Open(sealed); !bytes.Equal(plain, []byte("text")) || err != nil || failed != nil {
			t.Error(c.name, plain, err, failed)
		}
		if _, err := l.Open([]byte("Ctext")); err == nil {
			t.Error(c.name, "clear text is taken")
		}
	}
}

func TestGSSAPIRefuses(t *testing.T) {
	weak := begin(t, gssServer(false, 56), GSSAPI)
	if _, _, err := weak.Step([]byte("bob")); err == nil || !strings.Contains(err.Error(), "56 bits") {
		t.Error(err)
	}
	talking := begin(t, gssServer(false, 256), GSSAPI)
	_, _, _ = talking.Step([]byte("mutual"))
	if _, _, err := talking.Step([]byte("x")); err == nil {
		t.Error("a token after the end is taken")
	}
	stranger := begin(t, gssServer(false, 256), GSSAPI)
	if _, _, err := stranger.Step([]byte("x")); err == nil {
		t.Error("a stranger is let in")
	}
	if _, _, err := stranger.Step([]byte("bob")); !errors.Is(err, errOver) {
		t.Error(err)
	}
	broken := &Server{}
	if _, err := broken.Begin(GSSAPI); err == nil {
		t.Error("begins without a keytab")
	}
}
