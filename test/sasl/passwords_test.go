package sasl

import (
	"crypto/x509/pkix"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"virtree.dev/internal/tlscert/tlscerttest"
	vsasl "virtree.dev/protocol/sasl"
	"virtree.dev/test/peer"
)

// host is a daemon that wants SASL at all its sockets.
type host struct {
	*peer.Daemon
	t        *testing.T
	dir      string // of what clients and daemon share
	tcp, tls string // ports
}

func needClient(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("virsh"); err != nil {
		t.Skip("needs virsh (Debian: libvirt-clients)")
	}
	if found, _ := filepath.Glob("/usr/lib/*/sasl2/libscram.so"); len(found) == 0 {
		t.Skip("needs the client's side of SCRAM (Debian: libsasl2-modules)")
	}
}

// start starts a daemon of which mechanisms may be used; more is added to its
// configuration and to its environment.
func start(t *testing.T, binary, mechanisms, more string, env ...string) *host {
	t.Helper()
	dir, err := os.MkdirTemp("", "vtsasl")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	ports := peer.FreePorts(t, 2)
	h := &host{t: t, dir: dir, tcp: ports[0], tls: ports[1]}
	ca := tlscerttest.New(t, nil)
	pair := ca.Sign(pkix.Name{CommonName: "server"}, nil)
	for file, data := range map[string][]byte{"cacert.pem": ca.PEM(), "clientcert.pem": pair.Cert, "clientkey.pem": pair.Key} {
		h.write(file, string(data), 0o600)
	}
	db, err := os.ReadFile("../../config/saslconf/testdata/passwd.db")
	if err != nil {
		t.Fatal(err)
	}
	h.write("passwd.db", string(db), 0o600)
	h.write("libvirt.conf", "mech_list: "+mechanisms+"\nsasldb_path: "+dir+"/passwd.db\nusers_path: "+dir+"/sasl.users\n", 0o644)
	own(t, dir)
	h.Daemon = peer.Start(t, peer.Options{Binary: binary, Args: []string{"--listen"}, Env: append(env, "SASL_CONF_PATH="+dir), Conf: fmt.Sprintf(`listen_tls = 1
listen_tcp = 1
auth_tcp = "sasl"
auth_tls = "sasl"
auth_unix_rw = "sasl"
auth_unix_ro = "sasl"
listen_addr = "127.0.0.1"
tcp_port = %q
tls_port = %q
ca_file = "%[3]s/cacert.pem"
cert_file = "%[3]s/clientcert.pem"
key_file = "%[3]s/clientkey.pem"
%[4]s
`, h.tcp, h.tls, dir, more)})
	return h
}

// own gives a file to whom the daemon runs as where the test is root.
func own(t *testing.T, path string) {
	t.Helper()
	if os.Geteuid() == 0 {
		if err := os.Chown(path, 65534, 65534); err != nil {
			t.Fatal(err)
		}
	}
}

func (h *host) write(name, text string, mode os.FileMode) {
	h.t.Helper()
	path := filepath.Join(h.dir, name)
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		h.t.Fatal(err)
	}
	own(h.t, path)
}

// as runs virsh for somebody over a way in.
func (h *host) as(user, password, way, mechanism string, args ...string) (string, error) {
	h.t.Helper()
	h.write("auth.conf", fmt.Sprintf("[credentials-b]\nauthname=%s\npassword=%s\n[auth-libvirt-localhost]\ncredentials=b\n", user, password), 0o600)
	uri := map[string]string{
		"unix": "qemu:///session?", "tls": "qemu+tls://localhost:" + h.tls + "/session?pkipath=" + url.QueryEscape(h.dir) + "&",
		"tcp": "qemu+tcp://localhost:" + h.tcp + "/session?",
	}[way] + "authfile=" + url.QueryEscape(filepath.Join(h.dir, "auth.conf"))
	if mechanism != "" {
		uri += "&auth=sasl." + mechanism
	}
	out, err := h.Command("virsh", append([]string{"-c", uri}, args...)...).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// attempt is somebody who wants to come in.
type attempt struct{ user, password, way, mechanism string }

// attempts are the same for both daemons.
var attempts = map[attempt]bool{
	{"bob@vm", "secret", "tls", ""}:                 true,
	{"bob@vm", "secret", "unix", ""}:                true,
	{"bob@vm", "secret", "tls", "SCRAM-SHA-256"}:    true,
	{"bob@vm", "secret", "tls", "SCRAM-SHA-1"}:      true,
	{"bob@vm", "secret", "unix", "PLAIN"}:           true,
	{"bob@vm", "secret", "tls", "PLAIN"}:            true,
	{"bob@vm", "Secret", "tls", ""}:                 false,
	{"bob@vm", "Secret", "unix", "PLAIN"}:           false,
	{"eve@vm", "secret", "tls", ""}:                 false,
	{"eve@vm", "secret", "unix", "PLAIN"}:           false,
	{"ann@TEST", "pw2", "tls", ""}:                  false, // not on the list
	{"bob@vm", "secret", "unix", "DIGEST-MD5"}:      false,
	{"bob@vm", "secret", "tcp", ""}:                 false, // nothing would protect it
	{"bob@vm", "secret", "tcp", "SCRAM-SHA-256"}:    false,
	{"bob@vm", "secret", "unix", "ANONYMOUS"}:       false,
	{"bob@elsewhere", "secret", "unix", "PLAIN"}:    false,
	{"bob@vm", "secret", "unix", "SCRAM-SHA-1"}:     true,
	{"bob@vm", strings.Repeat("x", 300), "tls", ""}: false,
}

const (
	allMechanisms = "scram-sha-256 scram-sha-1 plain"
	bobAlone      = `sasl_allowed_username_list = [ "b?b@*" ]`
)

func TestWhoIsLetIn(t *testing.T) {
	needClient(t)
	ours := start(t, peer.Build(t), allMechanisms, bobAlone)
	var theirs *host
	if debian := peer.Real(); debian != "" {
		theirs = start(t, debian, allMechanisms, bobAlone)
	}
	for a, welcome := range attempts {
		out, err := ours.as(a.user, a.password, a.way, a.mechanism, "echo", "in")
		if (err == nil) != welcome {
			t.Errorf("%+v: %v %s", a, err, out)
		}
		if theirs == nil {
			continue
		}
		if said, failed := theirs.as(a.user, a.password, a.way, a.mechanism, "echo", "in"); said != out || (failed == nil) != (err == nil) {
			t.Errorf("%+v: the real one says\n%s\nours\n%s", a, said, out)
		}
	}
	for _, want := range []string{
		`as "bob@vm" failed: the password is wrong`, `as "eve@vm" failed: there is no such user`, "no SASL mechanisms are available",
		"Client's username is not on the list of allowed clients", "client 1", "from 127.0.0.1:", `by "PLAIN"`,
	} {
		if !strings.Contains(ours.Log(), want) {
			t.Errorf("the log does not say %q", want)
		}
	}
}

func TestUsersOfOurFile(t *testing.T) {
	needClient(t)
	h := start(t, peer.Build(t), allMechanisms, "")
	v, err := vsasl.NewVerifier(vsasl.ScramSHA256, "a word")
	if err != nil {
		t.Fatal(err)
	}
	h.write("sasl.users", "# who may\ncarl:"+v.String()+"\ndora:plain:another\n", 0o600)
	for a, welcome := range map[attempt]bool{
		{"carl", "a word", "tls", ""}:             true,
		{"carl", "a word", "unix", "PLAIN"}:       true,
		{"carl", "a word", "tls", "SCRAM-SHA-1"}:  false, // his verifier is of the other
		{"carl", "A word", "unix", ""}:            false,
		{"dora", "another", "unix", ""}:           true,
		{"dora", "another", "tls", "SCRAM-SHA-1"}: true,
		{"bob@vm", "secret", "unix", ""}:          true, // of the database
	} {
		if out, err := h.as(a.user, a.password, a.way, a.mechanism, "echo", "in"); (err == nil) != welcome {
			t.Errorf("%+v: %v %s", a, err, out)
		}
	}
	h.write("sasl.users", "carl:plain:x\n", 0o600)
	if out, err := h.as("carl", "x", "unix", "", "echo", "in"); err != nil {
		t.Errorf("a changed file does not count: %s", out)
	}
	if err := os.Chmod(filepath.Join(h.dir, "sasl.users"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := h.as("carl", "x", "unix", "", "echo", "in"); err == nil || !strings.Contains(h.Log(), "chmod 600 it") {
		t.Error("a file that others may read is used")
	}
}

// TestReplacedWithClients replaces the daemon under a client that has come in.
func TestReplacedWithClients(t *testing.T) {
	needClient(t)
	h := start(t, peer.Build(t), allMechanisms, "log_level = 2")
	h.write("auth.conf", "[credentials-b]\nauthname=bob@vm\npassword=secret\n[auth-libvirt-localhost]\ncredentials=b\n", 0o600)
	uri := "qemu:///session?authfile=" + url.QueryEscape(filepath.Join(h.dir, "auth.conf"))
	shell := h.Command("virsh", "-q", "-c", uri)
	in, err := shell.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := shell.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := shell.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = in.Close()
		_ = shell.Wait()
	}()
	say := func(command, want string) {
		t.Helper()
		fmt.Fprintln(in, command)
		var text strings.Builder
		buffer := make([]byte, 4096)
		for !strings.Contains(text.String(), want) {
			n, err := out.Read(buffer)
			if err != nil {
				t.Fatalf("%s: %v after %s", command, err, text.String())
			}
			text.Write(buffer[:n])
		}
	}
	say("uri", "qemu:///session")
	h.Signal(t, syscall.SIGUSR1)
	for deadline := time.Now().Add(time.Minute); strings.Count(h.Log(), "libvirt version") < 2; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("no replacement within a minute")
		}
	}
	say("uri; capabilities", "</capabilities>")
	if out, err := h.as("bob@vm", "secret", "tls", "", "uri"); err != nil {
		t.Error(out)
	}
}
