package saslconf

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"virtree.dev/protocol/sasl"
)

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func TestOptions(t *testing.T) {
	env := map[string]string{}
	source := func() Source { return NewSource("/etc/libvirt", func(k string) string { return env[k] }) }
	dir := t.TempDir()
	env["SASL_CONF_PATH"] = filepath.Join(dir, "missing") + ":" + dir
	c, err := source().Load()
	if err != nil || strings.Join(c.Mechanisms, " ") != "GSSAPI SCRAM-SHA-256 SCRAM-SHA-1" ||
		c.Keytab != "/etc/libvirt/krb5.tab" || c.Users != "/etc/libvirt/sasl.users" || c.Database != "" {
		t.Errorf("without a file: %+v, %v", c, err)
	}
	env["KRB5_KTNAME"] = "FILE:/k"
	write(t, filepath.Join(dir, "libvirt.conf"), "# c\n\nmech_list: plain, scram-sha-1 DIGEST-MD5 \n sasldb_path : /db\nUsers_Path:/u\n", 0o644)
	c, err = source().Load()
	if err != nil || strings.Join(c.Mechanisms, " ") != "SCRAM-SHA-1 PLAIN" || strings.Join(c.Unknown, " ") != "DIGEST-MD5" ||
		c.Keytab != "/k" || c.Users != "/u" || c.Database != "/db" {
		t.Errorf("%+v, %v", c, err)
	}
	for text, want := range map[string]string{
		"\nmech_list\n": ":2: a line has the form", "keytab:\n": ":1: a line", "a b: c\n": ":1: a line", strings.Repeat("#", maxFile+1): "is longer than",
	} {
		write(t, filepath.Join(dir, "libvirt.conf"), text, 0o644)
		if _, err := source().Load(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}

func TestUsers(t *testing.T) {
	dir := t.TempDir()
	c := &Config{Users: filepath.Join(dir, "users")}
	if _, err := c.Lookup("bob"); err == nil || !strings.Contains(err.Error(), "there is no "+c.Users) {
		t.Error(err)
	}
	v, err := sasl.NewVerifier(sasl.ScramSHA256, "secret")
	if err != nil {
		t.Fatal(err)
	}
	good := "# who may\nbob:" + v.String() + "\r\n\nann:plain: a:b \nann:" + v.String() + "\n"
	write(t, c.Users, good, 0o600)
	for user, password := range map[string]string{"bob": "secret", "ann": " a:b "} {
		if s, err := c.Lookup(user); err != nil || s == nil || !s.Matches(password) || s.Matches("x") {
			t.Errorf("%s: %+v, %v", user, s, err)
		}
	}
	if s, err := c.Lookup("eve"); s != nil || err != nil {
		t.Error(s, err)
	}
	for text, want := range map[string]string{
		"bob\n":                   ":1: a line has the form",
		"\n:plain:x\n":            ":2: a line has the form",
		"bob:plain:\n":            ":1: a user has one password",
		"b:plain:x\nb:plain:y\n":  ":2: a user has one password",
		"bob:secret\n":            "a verifier has the form",
		"bob:MD5$1:a$b:c\n":       "not of \"MD5\"",
		"b:" + v.String() + "x\n": "a verifier has the form",
		"b:" + v.String() + "\nb:" + v.String() + "\n": ":2: the user has a verifier",
	} {
		write(t, c.Users, text, 0o600)
		if _, err := c.Lookup("bob"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
	write(t, c.Users, good, 0o640)
	if _, err := c.Lookup("bob"); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Error(err)
	}
}

// The database of testdata was made by Debian's saslpasswd2 on a host named vm.
func TestDatabase(t *testing.T) {
	db, err := os.ReadFile("testdata/passwd.db")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ user, host, want string }{
		{"bob", "vm", "secret"}, {"bob@vm", "x", "secret"}, {"ann@TEST", "vm", "pw2"}, {"bob", "v", ""}, {"ann", "vm", ""}, {"", "vm", ""},
	} {
		if got, err := passwordOf(db, c.user, c.host); got != c.want || err != nil {
			t.Errorf("%s on %s: %q, %v", c.user, c.host, got, err)
		}
	}
	if !isHost("VM.example.org", "vm") || isHost("vmx", "vm") {
		t.Error("hosts")
	}
	path := filepath.Join(t.TempDir(), "passwd.db")
	c := &Config{Users: path + ".none", Database: path}
	if s, err := c.Lookup("bob@vm"); s != nil || err != nil {
		t.Error("no database:", s, err)
	}
	write(t, path, string(db), 0o644)
	if _, err := c.Lookup("bob@vm"); err == nil || !strings.Contains(err.Error(), "chmod 640") {
		t.Error(err)
	}
	write(t, path, string(db), 0o640)
	if s, err := c.Lookup("bob@vm"); err != nil || s == nil || !s.Matches("secret") {
		t.Error(s, err)
	}
	write(t, path, "text", 0o640)
	if _, err := c.Lookup("bob@vm"); err == nil || !strings.Contains(err.Error(), "no hash database") {
		t.Error(err)
	}
}

func FuzzDatabase(f *testing.F) {
	db, err := os.ReadFile("testdata/passwd.db")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(db)
	f.Add(db[:4096])
	f.Fuzz(func(_ *testing.T, db []byte) {
		_ = eachPair(db, func(_, _ []byte) {})
	})
}

func FuzzFiles(f *testing.F) {
	f.Add("mech_list: a\n")
	f.Add("bob:plain:x\nbob:SCRAM-SHA-1$4096:AA==$AA==:AA==\n")
	f.Fuzz(func(_ *testing.T, text string) {
		_, _ = parse(text)
		_, _ = parseUsers(text)
	})
}
