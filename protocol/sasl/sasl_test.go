package sasl

import (
	"errors"
	"strings"
	"testing"
)

// the examples of RFC 5802 and RFC 7677, whose salts are given
func TestExamplesOfTheStandards(t *testing.T) {
	for _, c := range []struct {
		mechanism, salt, nonce, first, challenge, final, answer string
	}{
		{
			ScramSHA1, "QSXCR+Q6sek8bf92", "3rfcNHYJY1ZVvWVs7j", "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
			"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
			"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
			"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
		},
		{
			ScramSHA256, "W22ZaJ0SNY7soEsUEjb6gQ==", "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0", "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
			"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
			"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
			"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
		},
	} {
		v, err := hashes[c.mechanism].derive("pencil", decode(t, c.salt), 4096)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := ParseVerifier(v.String()); err != nil || again.String() != v.String() {
			t.Error(again, err)
		}
		s := &Server{Lookup: users(map[string]*Secret{"user": {Verifiers: []Verifier{v}}}), nonce: func() string { return c.nonce }}
		e := begin(t, s, c.mechanism)
		if out, done, err := e.Step(nil); out != nil || done || err != nil {
			t.Error("the client has not said anything:", out, done, err)
		}
		if out, done, err := e.Step([]byte(c.first)); string(out) != c.challenge || done || err != nil {
			t.Error(string(out), done, err)
		}
		if out, done, err := e.Step([]byte(c.final)); string(out) != c.answer || !done || err != nil || e.User() != "user" || e.Layer() != nil {
			t.Error(string(out), done, err, e.User())
		}
		if _, _, err := e.Step([]byte(c.final)); !errors.Is(err, errOver) {
			t.Error("after the end:", err)
		}
	}
}

func decode(t *testing.T, text string) []byte {
	t.Helper()
	v, err := ParseVerifier("SCRAM-SHA-1$4096:" + text + "$AAAAAAAAAAAAAAAAAAAAAAAAAAA=:AAAAAAAAAAAAAAAAAAAAAAAAAAA=")
	if err != nil {
		t.Fatal(err)
	}
	return v.Salt
}

func users(all map[string]*Secret) Lookup {
	return func(user string) (*Secret, error) {
		if user == "broken" {
			return nil, errors.New("the file cannot be read")
		}
		return all[user], nil
	}
}

func begin(t *testing.T, s *Server, mechanism string) Exchange {
	t.Helper()
	e, err := s.Begin(mechanism)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// prove plays a client to the end.
func prove(t *testing.T, s *Server, mechanism, user, password string) error {
	t.Helper()
	e := begin(t, s, mechanism)
	bare := "n=" + strings.NewReplacer("=", "=3D", ",", "=2C").Replace(user) + ",r=abc"
	out, _, err := e.Step([]byte("n,," + bare))
	if err != nil {
		return err
	}
	final, err := answer(hashes[mechanism], password, bare, string(out))
	if err != nil {
		t.Fatal(err)
	}
	_, done, err := e.Step([]byte(final))
	if done != (err == nil) || e.User() != user {
		t.Error(done, e.User(), err)
	}
	return err
}

func TestWhoIsLetIn(t *testing.T) {
	v, err := NewVerifier(ScramSHA256, "secret")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Lookup: users(map[string]*Secret{
		"plain": {Password: "secret"}, "verified": {Verifiers: []Verifier{v}}, "a,b=c": {Password: "secret"}, "": {Password: "secret"}, "none": {},
	})}
	for _, c := range []struct{ mechanism, user, password, failed string }{
		{ScramSHA256, "plain", "secret", ""}, {ScramSHA1, "plain", "secret", ""}, {ScramSHA256, "verified", "secret", ""},
		{ScramSHA256, "a,b=c", "secret", ""},
		{ScramSHA256, "plain", "Secret", "the password is wrong"}, {ScramSHA256, "verified", "", "the password is wrong"},
		{ScramSHA1, "verified", "secret", "there is no such user"}, {ScramSHA1, "eve", "", "there is no such user"},
		{ScramSHA1, "none", "", "there is no such user"}, {ScramSHA1, "", "secret", "no name of a user"}, {ScramSHA1, "broken", "x", "cannot be read"},
		{ScramSHA1, strings.Repeat("x", maxName+1), "x", "no name of a user"}, {ScramSHA1, "a\nb", "x", "no name of a user"},
	} {
		if err := prove(t, s, c.mechanism, c.user, c.password); (err == nil) != (c.failed == "") || err != nil && !strings.Contains(err.Error(), c.failed) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	for message, failed := range map[string]string{
		"\x00plain\x00secret": "", "plain\x00plain\x00secret": "", "\x00verified\x00secret": "",
		"\x00plain\x00wrong": "the password is wrong", "\x00verified\x00wrong": "the password is wrong", "\x00eve\x00x": "there is no such user",
		"root\x00plain\x00secret": "another user", "\x00plain\x00": "not a name and a password", "": "not a name and a password",
		"\x00plain\x00secret\x00": "not a name and a password", "\x00none\x00x": "the password is wrong", "\x00\x00x": "no name of a user",
		strings.Repeat("x", maxMessage+1): "too long",
	} {
		e := begin(t, s, Plain)
		if out, done, err := e.Step(nil); out != nil || done || err != nil {
			t.Error(out, done, err)
		}
		_, done, err := e.Step([]byte(message))
		if done != (failed == "") || err != nil && !strings.Contains(err.Error(), failed) {
			t.Errorf("%.40q: %v", message, err)
		}
		if _, _, err := e.Step([]byte(message)); !errors.Is(err, errOver) {
			t.Error(err)
		}
	}
}

func TestUnknownUsersLookLikeOthers(t *testing.T) {
	s := &Server{Lookup: users(map[string]*Secret{"bob": {Password: "x"}}), nonce: func() string { return "s" }}
	challenge := func(user string) string {
		out, _, err := begin(t, s, ScramSHA256).Step([]byte("n,,n=" + user + ",r=c"))
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	for _, user := range []string{"eve", "bob"} {
		if first, second := challenge(user), challenge(user); first != second {
			t.Errorf("two attempts tell whether %s is there", user)
		}
	}
	if len(challenge("eve")) != len(challenge("bob")) || challenge("eve") == challenge("eva") {
		t.Error("the salt tells who is there")
	}
}

func TestMessagesThatAreNone(t *testing.T) {
	s := &Server{Lookup: users(map[string]*Secret{"bob": {Password: "x"}}), nonce: func() string { return "s" }}
	for _, first := range []string{
		"", ",", "n,", "x,,n=bob,r=c", "p=tls-unique,,n=bob,r=c", "n,b=x,n=bob,r=c", "n,,m=1,n=bob,r=c", "n,,n=bob", "n,,n=bob,r=", "n,,n=bob,r=a b",
		"n,,n=b=ob,r=c", "n,,n=b=2,r=c", "n,a=eve,n=bob,r=c", "n,a==,n=bob,r=c", "n,,n=bob,r=" + strings.Repeat("c", maxName+1), strings.Repeat("n", maxMessage+1),
	} {
		e := begin(t, s, ScramSHA256)
		if out, done, err := e.Step([]byte(first)); err == nil || out != nil || done {
			t.Errorf("%.40q is taken", first)
		}
		if _, _, err := e.Step([]byte("n,,n=bob,r=c")); !errors.Is(err, errOver) {
			t.Error("goes on after an error:", err)
		}
	}
	for _, final := range []string{
		"", "c=biws,r=cs", "c=biws,r=cs,p=", "c=biws,r=cs,p=AA==", "c=eSws,r=cs,p=" + strings.Repeat("A", 43) + "=", "c=biws,r=xs,p=" + strings.Repeat("A", 43) + "=",
		"r=cs,p=" + strings.Repeat("A", 43) + "=", "c=biws,r=cs,p=" + strings.Repeat("A", 43) + "=",
	} {
		e := begin(t, s, ScramSHA256)
		if _, _, err := e.Step([]byte("n,,n=bob,r=c")); err != nil {
			t.Fatal(err)
		}
		if out, done, err := e.Step([]byte(final)); err == nil || out != nil || done {
			t.Errorf("%.40q is taken", final)
		}
	}
	for _, name := range []string{"", "EXTERNAL", "plain", GSSAPI} {
		if _, err := s.Begin(name); err == nil {
			t.Errorf("%q begins", name)
		}
	}
}

func TestVerifiersThatAreNone(t *testing.T) {
	for _, text := range []string{
		"", "SCRAM-SHA-256", "SCRAM-SHA-256$4096:AA==$AA==:AA==", "SCRAM-SHA-512$4096:AA==$AA==:AA==", "SCRAM-SHA-1$4095:AA==$x:x", "SCRAM-SHA-1$x:AA==$x:x",
		"SCRAM-SHA-1$4096$x", "SCRAM-SHA-1$99999999:AA==$x:x", "SCRAM-SHA-1$4096:$AAAAAAAAAAAAAAAAAAAAAAAAAAA=:AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
	} {
		if v, err := ParseVerifier(text); err == nil {
			t.Errorf("%q is %v", text, v)
		}
	}
	if _, err := NewVerifier(Plain, "x"); err == nil {
		t.Error("PLAIN has a verifier")
	}
}

func FuzzExchange(f *testing.F) {
	f.Add("PLAIN", []byte("\x00bob\x00x"), []byte(""))
	f.Add("SCRAM-SHA-1", []byte("n,a=bob,n=bob,r=c"), []byte("c=biws,r=cs,p=AA=="))
	f.Add("GSSAPI", []byte("x"), []byte("y"))
	s := &Server{Lookup: users(map[string]*Secret{"bob": {Password: "x"}}), nonce: func() string { return "s" }, Context: newPeer}
	f.Fuzz(func(t *testing.T, mechanism string, first, second []byte) {
		e, err := s.Begin(mechanism)
		if err != nil {
			return
		}
		for _, in := range [][]byte{first, second, second} {
			_, done, err := e.Step(in)
			if done && err != nil {
				t.Error("done with an error")
			}
			if err != nil || done {
				return
			}
		}
	})
}
