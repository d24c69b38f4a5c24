package krb5

import (
	"bytes"
	"testing"
	"time"

	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/jcmturner/gokrb5/v8/types"
)

func table(t testing.TB, principal string) []byte {
	t.Helper()
	k := keytab.New()
	if err := k.AddEntry(principal, "TEST", "secret", time.Unix(1, 0), 1, 18); err != nil {
		t.Fatal(err)
	}
	raw, err := k.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestKeytabs(t *testing.T) {
	good := table(t, "libvirt/host")
	if _, err := ParseKeys(good, "libvirt"); err != nil {
		t.Error(err)
	}
	for what, raw := range map[string][]byte{
		"none": nil, "text": []byte("keys"), "half": good[:len(good)/2], "of another": table(t, "host/host"), "empty": {5, 2},
	} {
		if _, err := ParseKeys(raw, "libvirt"); err == nil {
			t.Error(what, "is taken")
		}
	}
}

// established is a context of which the test is the other side.
func established(t testing.TB, kind int32) *Context {
	t.Helper()
	e, err := crypto.GetEtype(kind)
	if err != nil {
		t.Fatal(err)
	}
	key, err := types.GenerateEncryptionKey(e)
	if err != nil {
		t.Fatal(err)
	}
	return &Context{etype: e, key: key, ours: 7, theirs: 3}
}

// sealed is a message of the client, turned as far as a client may turn it.
func sealed(t testing.TB, c *Context, number uint64, text string, turn int) []byte {
	t.Helper()
	h := head(isSealed|acceptorSubkey, 0, number)
	_, body, err := c.etype.EncryptMessage(c.key.KeyValue, append([]byte(text), h...), keyusage.GSSAPI_INITIATOR_SEAL)
	if err != nil {
		t.Fatal(err)
	}
	h[rotationAt+1] = byte(turn)
	turn %= len(body)
	return append(h, append(bytes.Clone(body[len(body)-turn:]), body[:len(body)-turn]...)...)
}

func TestMessages(t *testing.T) {
	for _, kind := range []int32{17, 18, 19} {
		c := established(t, kind)
		for i, turn := range []int{0, 1, 28, 200} {
			plain, private, err := c.Unwrap(sealed(t, c, uint64(3+i), "a call", turn))
			if string(plain) != "a call" || !private || err != nil {
				t.Errorf("kind %d turned by %d: %q, %v", kind, turn, plain, err)
			}
		}
		again := sealed(t, c, 6, "a call", 0)
		if _, _, err := c.Unwrap(again); err == nil {
			t.Error("a message comes twice")
		}
		for at := range sealed(t, c, 7, "a call", 0) {
			token := sealed(t, c, 7, "a call", 0)
			token[at] ^= 1
			if plain, _, err := c.Unwrap(token); err == nil {
				t.Errorf("kind %d: byte %d was changed and gives %q", kind, at, plain)
			}
		}
		for _, seal := range []bool{false, true} {
			out, err := c.Wrap([]byte("a reply"), seal)
			if err != nil || out[flagsAt]&byAcceptor == 0 || bytes.Contains(out, []byte("a reply")) == seal {
				t.Error(kind, seal, out, err)
			}
			if _, _, err := c.Unwrap(out); err == nil {
				t.Error("our own message is taken for the client's")
			}
			if seal && len(out) != len("a reply")+c.overhead() {
				t.Errorf("kind %d: %d bytes more, not %d", kind, len(out)-len("a reply"), c.overhead())
			}
		}
		if c.MaxPlain(1000)+c.overhead() != 1000 {
			t.Error(c.MaxPlain(1000))
		}
	}
}

func TestNothingBeforeTheTicket(t *testing.T) {
	keys, err := ParseKeys(table(t, "libvirt/host"), "libvirt")
	if err != nil {
		t.Fatal(err)
	}
	c := keys.Accept()
	if _, err := c.Wrap(nil, true); err == nil {
		t.Error("seals without a key")
	}
	if _, _, err := c.Unwrap(make([]byte, 64)); err == nil {
		t.Error("opens without a key")
	}
	if c.MaxPlain(1000) != 0 || c.SSF() != 0 {
		t.Error(c.MaxPlain(1000), c.SSF())
	}
	if _, _, err := c.Accept([]byte("x")); err == nil {
		t.Error("takes no token for one")
	}
	if _, _, err := c.Accept(frame([]byte("x"), isRequest)); err == nil {
		t.Error("goes on after a failure")
	}
}

func FuzzTokens(f *testing.F) {
	f.Add([]byte("x"))
	f.Add(frame([]byte{0x6e, 0x03, 0x30, 0x01, 0x00}, isRequest))
	f.Add(head(isSealed|acceptorSubkey, 0, 3))
	c := established(f, 18)
	f.Add(sealed(f, c, 3, "a call", 5))
	keys, err := ParseKeys(table(f, "libvirt/host"), "libvirt")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, token []byte) {
		if _, ok, _ := keys.Accept().Accept(token); ok {
			t.Error("a context without a ticket")
		}
		c := established(t, 18)
		if _, _, err := c.Unwrap(token); err == nil {
			t.Error("a message without the key")
		}
		_, _ = ParseKeys(token, "libvirt")
	})
}
