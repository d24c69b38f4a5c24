package rpc

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"virtree.dev/actors/dispatch"
	"virtree.dev/internal/tlscert"
	"virtree.dev/internal/tlscert/tlscerttest"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/wire/wiretest"
)

// locks is a server that speaks TLS on a port, and who may connect.
type locks struct {
	*rig
	ca       *tlscerttest.Authority
	store    *tlscert.Store
	listener *Listener
	files    tlscert.Files
}

var loopback = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 0)

func newLocks(t *testing.T, p tlscert.Policy, l Limits) *locks {
	t.Helper()
	k := &locks{ca: tlscerttest.New(t, nil)}
	dir, pair := t.TempDir(), k.ca.Sign(pkix.Name{CommonName: "server"}, nil)
	k.files = tlscert.Files{
		CA:   tlscerttest.Write(t, dir, "ca.pem", k.ca.PEM()),
		Cert: tlscerttest.Write(t, dir, "cert.pem", pair.Cert),
		Key:  tlscerttest.Write(t, dir, "key.pem", pair.Key),
	}
	var err error
	if k.store, _, err = tlscert.Open(k.files, p); err != nil {
		t.Fatal(err)
	}
	if k.listener, err = ListenTCP("tls", loopback); err != nil {
		t.Fatal(err)
	}
	k.listener.Secure(k.store)
	k.rig = newRig(t, l, func(r *rig, _ *Options, listeners []*Listener) {
		listeners[1].Close()
		listeners[1] = k.listener
		r.hostname()
		r.echo()
	})
	return k
}

// echo answers with what it was given, on a worker.
func (r *rig) echo() {
	dispatch.Handle(r.table, remote.ProcConnectDomainXMLToNative, dispatch.Worker, func(_ *dispatch.Call, a *remote.ConnectDomainXMLToNativeArgs) (*remote.ConnectDomainXMLToNativeRet, error) {
		return &remote.ConnectDomainXMLToNativeRet{NativeConfig: a.DomainXML}, nil
	})
}

// shake dials and shakes hands; with no certificate where change is nil.
func (k *locks) shake(change func(c *x509.Certificate), edit func(c *tls.Config)) (*tls.Conn, error) {
	k.t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(k.ca.Cert)
	config := &tls.Config{RootCAs: roots, ServerName: "localhost"}
	if change != nil {
		pair := k.ca.Sign(pkix.Name{CommonName: "alice"}, change)
		cert, err := tls.X509KeyPair(pair.Cert, pair.Key)
		if err != nil {
			k.t.Fatal(err)
		}
		config.Certificates = []tls.Certificate{cert}
	}
	if edit != nil {
		edit(config)
	}
	conn, err := tls.Dial("tcp", k.listener.Address().String(), config)
	if err != nil {
		return nil, err
	}
	k.t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	var welcome [1]byte
	if _, err := io.ReadFull(conn, welcome[:]); err != nil {
		return nil, err
	}
	if welcome[0] != 1 {
		k.t.Errorf("the first byte is %d", welcome[0])
	}
	return conn, nil
}

func as(*x509.Certificate) {}

func (k *locks) client(edit func(c *tls.Config)) *wiretest.Client {
	k.t.Helper()
	conn, err := k.shake(as, edit)
	if err != nil {
		k.t.Fatal(err)
	}
	return wiretest.Over(k.t, conn)
}

func TestCallsThroughTLS(t *testing.T) {
	for name, version := range map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13} {
		t.Run(name, func(t *testing.T) {
			k := newLocks(t, tlscert.Policy{}, few(nil))
			c := k.client(func(c *tls.Config) { c.MinVersion, c.MaxVersion = version, version })
			c.Open("")
			for range 50 {
				var name remote.ConnectGetHostnameRet
				if err := c.Call(remote.ProcConnectGetHostname, nil, &name); err != nil || name.Hostname != "rig" {
					t.Fatalf("%v %q", err, name.Hostname)
				}
			}
			list := k.server.Clients()
			if len(list) != 1 || list[0].Identity.X509 != "CN=alice" || list[0].Transport != TLS || !strings.HasPrefix(list[0].Address, "127.0.0.1:") {
				t.Errorf("%+v", list)
			}
		})
	}
}

// TestLargeMessagesThroughTLS has more in flight than a record, a buffer or a
// socket takes, both ways.
func TestLargeMessagesThroughTLS(t *testing.T) {
	k := newLocks(t, tlscert.Policy{}, few(nil))
	c := k.client(nil)
	c.Open("")
	const calls = 40
	text := strings.Repeat("x", 300_000)
	go func() {
		for range calls {
			c.Send(c.Header(remote.ProcConnectDomainXMLToNative), &remote.ConnectDomainXMLToNativeArgs{NativeFormat: "f", DomainXML: text})
		}
	}()
	for i := range calls {
		var ret remote.ConnectDomainXMLToNativeRet
		if err := c.Answer(&ret); err != nil || ret.NativeConfig != text {
			t.Fatalf("answer %d: %v, %d bytes", i, err, len(ret.NativeConfig))
		}
	}
}

func TestWhoIsNotWelcome(t *testing.T) {
	k := newLocks(t, tlscert.Policy{LimitDN: true, AllowedDN: []string{"CN=al*"}}, few(nil))
	expired := func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour)
	}
	mallory := func(c *x509.Certificate) { c.Subject.CommonName = "mallory" }
	for what, change := range map[string]func(*x509.Certificate){"nothing": nil, "an expired one": expired, "one not listed": mallory} {
		if _, err := k.shake(change, nil); err == nil {
			t.Errorf("a client with %s was let in", what)
		}
	}
	plain, err := net.Dial("tcp", k.listener.Address().String())
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	c := wiretest.Over(t, plain)
	c.Send(c.Header(remote.ProcAuthList), nil)
	if _, err := io.ReadAll(plain); err != nil && !strings.Contains(err.Error(), "reset") {
		t.Errorf("plain text: %v", err)
	}
	k.eventually("nobody is left", func() bool { return k.clients() == 0 })
	k.client(nil).Open("")
}

// TestHalfHandshakes lets clients wait in the door: they count as strangers, and
// another server's clients are not hindered.
func TestHalfHandshakes(t *testing.T) {
	k := newLocks(t, tlscert.Policy{}, few(func(l *Limits) { l.MaxAnonymousClients = 3 }))
	for range 3 {
		conn, err := net.Dial("tcp", k.listener.Address().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	k.eventually("three are in the door", func() bool { _, strangers := k.server.NumClients(); return strangers == 3 })
	for _, c := range k.server.Clients() {
		k.server.Disconnect(c.ID)
	}
	k.client(nil).Open("")
}

func TestCertificatesAreExchanged(t *testing.T) {
	k := newLocks(t, tlscert.Policy{}, few(nil))
	c := k.client(nil)
	c.Open("")
	serial := func() string {
		conn, err := k.shake(as, nil)
		if err != nil {
			t.Fatal(err)
		}
		return conn.ConnectionState().PeerCertificates[0].SerialNumber.String()
	}
	first := serial()
	pair := k.ca.Sign(pkix.Name{CommonName: "server"}, nil)
	dir := strings.TrimSuffix(k.files.Cert, "cert.pem")
	tlscerttest.Write(t, dir, "cert.pem", pair.Cert)
	if none, err := k.server.UpdateTLS(); none || err == nil {
		t.Errorf("a certificate without its key: %t, %v", none, err)
	}
	if serial() != first {
		t.Error("a broken certificate took the place of the former")
	}
	tlscerttest.Write(t, dir, "key.pem", pair.Key)
	if none, err := k.server.UpdateTLS(); none || err != nil {
		t.Errorf("%t, %v", none, err)
	}
	if serial() == first {
		t.Error("the new certificate is not used")
	}
	if err := c.Call(remote.ProcConnectGetHostname, nil, nil); err != nil {
		t.Error(err)
	}
}

func TestTLSEndsWithAFarewell(t *testing.T) {
	k := newLocks(t, tlscert.Policy{}, few(nil))
	c := k.client(nil)
	c.Open("")
	k.server.Disconnect(k.server.Clients()[0].ID)
	if _, err := c.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("want an orderly end, got %v", err)
	}
}

func TestNoDescriptorsBeyondUNIX(t *testing.T) {
	k := newLocks(t, tlscert.Policy{}, few(nil))
	dispatch.Handle(k.table, remote.ProcConnectGetSysinfo, dispatch.Inline, func(c *dispatch.Call, _ *remote.ConnectGetSysinfoArgs) (*remote.ConnectGetSysinfoRet, error) {
		f, err := os.Open(os.DevNull)
		c.ReplyFDs(f)
		return &remote.ConnectGetSysinfoRet{}, err
	})
	c := k.client(nil)
	c.Open("")
	if err := c.Call(remote.ProcConnectGetSysinfo, &remote.ConnectGetSysinfoArgs{}, nil); err == nil || err.Code != virerr.InternalError ||
		!strings.Contains(err.Error(), "not supported on this socket") {
		t.Errorf("%v", err)
	}
}
