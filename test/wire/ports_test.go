package wire

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"virtree.dev/internal/tlscert/tlscerttest"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/wire/wiretest"
	"virtree.dev/test/peer"
)

// ported is a daemon with ports, and the folders of clients' certificates.
type ported struct {
	*peer.Daemon
	tcp, tls string // ports
	server   string // the folder of the server's certificates
	ca       *tlscerttest.Authority
	t        testing.TB
}

func startPorted(t testing.TB, binary string, more ...string) *ported {
	t.Helper()
	ports := peer.FreePorts(t, 2)
	p := &ported{t: t, tcp: ports[0], tls: ports[1], ca: tlscerttest.New(t, nil)}
	p.server = p.certificates("server", nil)
	conf := fmt.Sprintf(`listen_tls = 1
listen_tcp = 1
auth_tcp = "none"
listen_addr = "127.0.0.1"
tcp_port = %q
tls_port = %q
ca_file = "%[3]s/cacert.pem"
cert_file = "%[3]s/clientcert.pem"
key_file = "%[3]s/clientkey.pem"
tls_allowed_dn_list = ["CN=server", "C=GB,O=*,CN=alice"]
`, p.tcp, p.tls, p.server) + strings.Join(more, "\n")
	p.Daemon = peer.Start(t, peer.Options{Binary: binary, Args: []string{"--listen"}, Conf: conf})
	return p
}

// certificates makes a folder as clients want it.
func (p *ported) certificates(name string, change func(*x509.Certificate)) string {
	p.t.Helper()
	dir, err := os.MkdirTemp("", "vtcert")
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { os.RemoveAll(dir) })
	pair := p.ca.Sign(pkix.Name{CommonName: name}, change)
	for file, data := range map[string][]byte{"cacert.pem": p.ca.PEM(), "clientcert.pem": pair.Cert, "clientkey.pem": pair.Key} {
		path := tlscerttest.Write(p.t, dir, file, data)
		if err := os.Chmod(path, 0o644); err != nil {
			p.t.Fatal(err)
		}
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		p.t.Fatal(err)
	}
	return dir
}

func (p *ported) tlsURI(certificates string) string {
	return "qemu+tls://localhost:" + p.tls + "/session?pkipath=" + url.QueryEscape(certificates)
}

func (p *ported) virsh(uri string, args ...string) (string, error) {
	out, err := p.Command("virsh", append([]string{"-c", uri}, args...)...).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func alice(c *x509.Certificate) {
	c.Subject = pkix.Name{Country: []string{"GB"}, Organization: []string{"Example, Ltd"}, CommonName: "alice"}
}

func TestPorts(t *testing.T) {
	needCommands(t, "virsh")
	p := startPorted(t, peer.Build(t))
	good := p.certificates("alice", alice)
	for _, uri := range []string{"qemu+tcp://127.0.0.1:" + p.tcp + "/session", p.tlsURI(good)} {
		if out, err := p.virsh(uri, "hostname"); err != nil || out == "" {
			t.Errorf("%s: %v %s", uri, err, out)
		}
		out, err := p.virsh(uri, "list", "--all")
		if err != nil || !strings.Contains(out, "Name") {
			t.Errorf("%s: %v %s", uri, err, out)
		}
	}
	for what, dir := range map[string]string{
		"not on the list": p.certificates("mallory", nil),
		"expired": p.certificates("server", func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour)
		}),
	} {
		if out, err := p.virsh(p.tlsURI(dir), "hostname"); err == nil {
			t.Errorf("a client %s was let in: %s", what, out)
		}
	}
	for _, want := range []string{"not on the list of allowed clients", "Failed to verify peer's certificate"} {
		if !strings.Contains(p.Log(), want) {
			t.Errorf("the log does not say %q:\n%s", want, p.Log())
		}
	}
}

// TestClientsOfPortsLookAlikeToAdmins compares how the admin API names a client
// with what the real daemon says of the same one.
func TestClientsOfPortsLookAlikeToAdmins(t *testing.T) {
	needCommands(t, "virsh", "virt-admin")
	told := func(binary string) string {
		p := startPorted(t, binary)
		cmd := p.Command("virsh", "-c", p.tlsURI(p.certificates("alice", alice)), "event", "--all", "--loop")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
		var out []byte
		for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
			out, _ = p.Command("virt-admin", "-c", "libvirtd:///session", "client-info", "libvirtd", fmt.Sprint(2)).CombinedOutput()
			if strings.Contains(string(out), "x509") {
				break
			}
		}
		var kept []string
		for line := range strings.Lines(string(out)) {
			if !strings.HasPrefix(line, "connection_time") && !strings.HasPrefix(line, "sock_addr") && !strings.HasPrefix(line, "timestamp") {
				kept = append(kept, line)
			}
		}
		return strings.Join(kept, "")
	}
	ours := told(peer.Build(t))
	if !strings.Contains(ours, `C=GB,O=Example\, Ltd,CN=alice`) {
		t.Errorf("ours:\n%s", ours)
	}
	peer.NeedReal(t)
	if theirs := told(peer.Real()); ours != theirs {
		t.Errorf("ours:\n%s\ntheirs:\n%s", ours, theirs)
	}
}

// TestPortsThroughAReplacement keeps a TCP client, and ends a TLS one in order.
func TestPortsThroughAReplacement(t *testing.T) {
	needCommands(t, "virsh")
	p := startPorted(t, peer.Build(t))
	conn, err := net.Dial("tcp", "127.0.0.1:"+p.tcp)
	if err != nil {
		t.Fatal(err)
	}
	c := wiretest.Over(t, conn)
	c.Open("qemu:///session")
	cmd := p.Command("virsh", "-c", p.tlsURI(p.certificates("alice", alice)), "event", "--all", "--loop")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	time.Sleep(300 * time.Millisecond)
	for range 3 {
		before := strings.Count(p.Log(), "libvirt version")
		p.Signal(t, syscall.SIGUSR1)
		for end := time.Now().Add(20 * time.Second); strings.Count(p.Log(), "libvirt version") == before && time.Now().Before(end); {
			time.Sleep(10 * time.Millisecond)
		}
		var name remote.ConnectGetHostnameRet
		if err := c.Call(remote.ProcConnectGetHostname, nil, &name); err != nil || name.Hostname == "" {
			t.Fatal(err)
		}
	}
	if out, err := p.virsh(p.tlsURI(p.certificates("alice", alice)), "hostname"); err != nil {
		t.Errorf("TLS after a replacement: %v %s", err, out)
	}
	if _, err := os.Stat(filepath.Join(p.server, "cacert.pem")); err != nil {
		t.Error(err)
	}
}

// needCommands skips a test of clients that are not installed.
func needCommands(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("needs %s (Debian: libvirt-clients)", name)
		}
	}
}
