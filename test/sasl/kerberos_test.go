package sasl

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"virtree.dev/test/peer"
)

// inner is set in the process that runs in the realm's namespaces.
const inner = "VIRTREE_SASL_REALM"

// realm runs the test once more, in namespaces with a KDC and a ticket for alice. It
// gives the realm's folder to the inner run, "" to the outer one.
func realm(t *testing.T, enctype string) string {
	t.Helper()
	if dir := os.Getenv(inner); dir != "" {
		return dir
	}
	needClient(t)
	if os.Geteuid() != 0 {
		t.Skip("needs root for namespaces in which a KDC can run")
	}
	for _, command := range []string{"unshare", "krb5kdc", "kadmin.local", "kinit"} {
		if _, err := exec.LookPath(command); err != nil {
			t.Skipf("needs %s (Debian: krb5-kdc, krb5-admin-server, krb5-user)", command)
		}
	}
	if found, _ := filepath.Glob("/usr/lib/*/sasl2/libgssapiv2.so"); len(found) == 0 {
		t.Skip("needs the client's side of GSSAPI (Debian: libsasl2-modules-gssapi-mit)")
	}
	if err := exec.Command("unshare", "-m", "-n", "--uts", "true").Run(); err != nil {
		t.Skipf("needs to make namespaces: %v", err)
	}
	dir, err := os.MkdirTemp("", "vtrealm")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	c := exec.Command("unshare", "-m", "-n", "--uts", "bash", "kerberos.sh", dir, os.Args[0], "-test.run=^"+strings.ReplaceAll(t.Name(), "/", "$/^")+"$", "-test.v", "-test.count=1")
	c.Env = append(os.Environ(), inner+"="+dir, "ENCTYPE="+enctype)
	out, err := c.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS") {
		t.Fatalf("in the realm: %v\n%s", err, out)
	}
	return ""
}

// ticket starts a daemon in the realm and gives what runs virsh with alice's ticket.
func ticket(t *testing.T, binary, dir, more string) (*host, func(way string, args ...string) (string, error)) {
	t.Helper()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{"krb5.tab", "cache"} {
		own(t, filepath.Join(dir, f))
	}
	h := start(t, binary, "gssapi\nkeytab: "+dir+"/krb5.tab", more,
		"KRB5_CONFIG="+dir+"/krb5.conf", "KRB5CCNAME=FILE:"+dir+"/cache", "KRB5_KTNAME="+dir+"/krb5.tab", "KRB5RCACHENAME=none:")
	return h, func(way string, args ...string) (string, error) {
		uri := map[string]string{
			"tcp": "qemu+tcp://srv.test.local:" + h.tcp + "/session", "tls": "qemu+tls://srv.test.local:" + h.tls + "/session?no_verify=1&pkipath=" + h.dir,
		}[way]
		out, err := h.Command("virsh", append([]string{"-c", uri}, args...)...).CombinedOutput()
		return strings.TrimSpace(string(out)), err
	}
}

func TestTickets(t *testing.T) {
	for _, enctype := range []string{"aes256-cts-hmac-sha1-96", "aes128-cts-hmac-sha1-96", "aes256-cts-hmac-sha384-192", "aes128-cts-hmac-sha256-128"} {
		t.Run(enctype, func(t *testing.T) {
			dir := realm(t, enctype)
			if dir == "" {
				return
			}
			h, virsh := ticket(t, peer.Build(t), dir, "tcp_min_ssf = 112\nlog_level = 2")
			for _, way := range []string{"tcp", "tls"} {
				if out, err := virsh(way, "echo", "in"); err != nil || !strings.HasSuffix(out, "in") {
					t.Errorf("%s: %v %s", way, err, out)
				}
			}
			// more than one buffer of the layer, and many calls on one connection
			out, err := virsh("tcp", "capabilities; list --all; uri; cpu-models x86_64; capabilities")
			if err != nil || strings.Count(out, "</capabilities>") != 2 || !strings.Contains(out, "Skylake") {
				t.Errorf("%v %s", err, out)
			}
			if !strings.Contains(h.Log(), `by GSSAPI as "alice"`) {
				t.Error("the log does not name alice")
			}
		})
	}
}

// TestWhoTheTicketNames compares the names that lists of users must have.
func TestWhoTheTicketNames(t *testing.T) {
	dir := realm(t, "aes256-cts-hmac-sha1-96")
	if dir == "" {
		return
	}
	for list, welcome := range map[string]bool{`"alice"`: true, `"alice@TEST.LOCAL"`: false, `"al?ce"`: true, `"bob"`: false, ``: false} {
		binaries := []string{peer.Build(t)}
		if debian := peer.Real(); debian != "" {
			binaries = append(binaries, debian)
		}
		said := map[string]bool{}
		for _, binary := range binaries {
			_, virsh := ticket(t, binary, dir, "sasl_allowed_username_list = ["+list+"]")
			out, err := virsh("tcp", "echo", "in")
			if (err == nil) != welcome {
				t.Errorf("%s with [%s]: %v %s", binary, list, err, out)
			}
			said[out] = true
		}
		if len(said) != 1 {
			t.Errorf("[%s]: the real one says something else: %v", list, said)
		}
	}
}
