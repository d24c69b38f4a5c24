package tlscert

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"virtree.dev/internal/tlscert/tlscerttest"
)

// place lays out a server's files and gives their paths.
func place(t *testing.T, ca *tlscerttest.Authority, p tlscerttest.Pair) Files {
	t.Helper()
	dir := t.TempDir()
	return Files{
		CA:   tlscerttest.Write(t, dir, "ca.pem", ca.PEM()),
		Cert: tlscerttest.Write(t, dir, "cert.pem", p.Cert),
		Key:  tlscerttest.Write(t, dir, "key.pem", p.Key),
	}
}

var server = pkix.Name{CommonName: "server"}

func TestOwnCertificatesAreChecked(t *testing.T) {
	yesterday := time.Now().Add(-24 * time.Hour)
	tests := []struct {
		name     string
		ca, cert func(*x509.Certificate)
		want     string // FILE stands for the server's certificate, CA for its authority's
	}{
		{"good", nil, nil, ""},
		{"expired", nil, func(c *x509.Certificate) { c.NotBefore, c.NotAfter = yesterday, yesterday.Add(time.Hour) },
			"The server certificate FILE has expired"},
		{"not yet", nil, func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Minute) },
			"The server certificate FILE is not yet active"},
		{"authority expired", func(c *x509.Certificate) { c.NotBefore, c.NotAfter = yesterday, yesterday.Add(time.Hour) }, nil,
			"The CA certificate CA has expired"},
		{"an authority as server", nil, func(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid = true, true },
			"The certificate FILE basic constraints show a CA, but we need one for a server"},
		{"no authority", func(c *x509.Certificate) { c.IsCA = false }, nil,
			"The certificate CA basic constraints do not show a CA"},
		{"no constraints", func(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid = false, false }, nil,
			"The certificate CA is missing basic constraints for a CA"},
		{"no signature", nil, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment },
			"Certificate FILE usage does not permit digital signature"},
		{"no encipherment", nil, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageDigitalSignature },
			"Certificate FILE usage does not permit key encipherment"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ca := tlscerttest.New(t, tt.ca)
			f := place(t, ca, ca.Sign(server, tt.cert))
			_, _, err := Load(f, Policy{})
			want := strings.NewReplacer("FILE", f.Cert, "CA ", "CA ", "certificate CA ", "certificate "+f.CA+" ").Replace(tt.want)
			if got := text(err); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			if _, _, err := Load(f, Policy{NoSanityCheck: true}); err != nil {
				t.Errorf("unchecked: %v", err)
			}
		})
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestAPurposeThatIsNotCriticalIsNoted(t *testing.T) {
	ca := tlscerttest.New(t, nil)
	f := place(t, ca, ca.Sign(server, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }))
	_, notes, err := Load(f, Policy{})
	want := "Certificate " + f.Cert + " purpose does not allow use for with a TLS server"
	if err != nil || len(notes) != 1 || notes[0] != want {
		t.Errorf("%q, %v", notes, err)
	}
}

func TestFilesThatAreNoneAreNamed(t *testing.T) {
	ca := tlscerttest.New(t, nil)
	other := tlscerttest.New(t, func(c *x509.Certificate) { c.Subject.CommonName = "Somebody" })
	for name, change := range map[string]func(f *Files){
		"Cannot read CA certificate 'CA': no such file or directory":                                        func(f *Files) { os.Remove(f.CA) },
		"Cannot read certificate 'FILE': no such file or directory":                                         func(f *Files) { os.Remove(f.Cert) },
		"Cannot read private key 'KEY': no such file or directory":                                          func(f *Files) { os.Remove(f.Key) },
		"Cannot read CA certificate revocation list 'CRL': no such file or directory":                       func(f *Files) { f.CRL = filepath.Join(filepath.Dir(f.CA), "crl.pem") },
		"Unable to set x509 CA certificate: CA: no certificate in the file":                                 func(f *Files) { _ = os.WriteFile(f.CA, []byte("x"), 0o600) },
		"Our own certificate FILE failed validation against CA: The certificate hasn't got a known issuer.": func(f *Files) { _ = os.WriteFile(f.CA, other.PEM(), 0o600) },
	} {
		f := place(t, ca, ca.Sign(server, nil))
		change(&f)
		_, _, err := Load(f, Policy{})
		want := strings.NewReplacer("'CA'", "'"+f.CA+"'", "certificate: CA", "certificate: "+f.CA, "against CA", "against "+f.CA,
			"FILE", f.Cert, "KEY", f.Key, "CRL", f.CRL).Replace(name)
		if got := text(err); !strings.EqualFold(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestPeers(t *testing.T) {
	ca, other := tlscerttest.New(t, nil), tlscerttest.New(t, func(c *x509.Certificate) { c.Subject.CommonName = "Somebody" })
	alice := pkix.Name{Country: []string{"GB"}, Organization: []string{"Example, Ltd"}, CommonName: "alice"}
	good, gone := ca.Sign(alice, nil), ca.Sign(alice, nil)
	f := place(t, ca, ca.Sign(server, nil))
	f.CRL = tlscerttest.Write(t, filepath.Dir(f.CA), "crl.pem", ca.Revoke(gone.X509))
	const name = `C=GB,O=Example\, Ltd,CN=alice`
	tests := []struct {
		what   string
		policy Policy
		chain  []*x509.Certificate
		name   string
		why    string
	}{
		{"good", Policy{}, chain(good), name, ""},
		{"listed", Policy{LimitDN: true, AllowedDN: []string{"x", "C=GB,*,CN=alic?"}}, chain(good), name, ""},
		{"not listed", Policy{LimitDN: true, AllowedDN: []string{"C=GB"}}, chain(good), name, errNotListed.Error()},
		{"nobody is listed", Policy{LimitDN: true}, chain(good), name, errNotListed.Error()},
		{"revoked", Policy{}, chain(gone), name, "Certificate failed validation: The certificate has been revoked."},
		{"a stranger's", Policy{}, chain(other.Sign(alice, nil)), name, "Certificate failed validation: The certificate hasn't got a known issuer."},
		{"an authority's", Policy{}, []*x509.Certificate{ca.Cert}, "CN=Test authority",
			"The certificate [session] basic constraints show a CA, but we need one for a client"},
		{"none", Policy{}, nil, "", "Unable to verify TLS peer: No certificate was found."},
	}
	for _, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			c, _, err := Load(f, tt.policy)
			if err != nil {
				t.Fatal(err)
			}
			got, _, why, err := c.Peer(tt.chain)
			if got != tt.name || text(why) != tt.why || (err != nil) != (why != nil) {
				t.Errorf("%q, %v, %v", got, why, err)
			}
			c.policy.NoVerify = true
			if _, _, _, err := c.Peer(tt.chain); err != nil {
				t.Errorf("unverified: %v", err)
			}
		})
	}
}

func chain(p tlscerttest.Pair) []*x509.Certificate { return []*x509.Certificate{p.X509} }

func TestNames(t *testing.T) {
	unknown := asn1.ObjectIdentifier{1, 2, 3, 4}
	for _, tt := range []struct {
		name pkix.Name
		want string
	}{
		{pkix.Name{}, ""},
		{pkix.Name{CommonName: `a"b\c<d>e;f+g`}, `CN=a\"b\\c\<d\>e\;f\+g`},
		{pkix.Name{CommonName: "#x "}, `CN=\#x\ `},
		{pkix.Name{Country: []string{"DE"}, Province: []string{"B"}, Locality: []string{"M"}, Organization: []string{"O"}, OrganizationalUnit: []string{"U"}, CommonName: "c"},
			"C=DE,ST=B,L=M,O=O,OU=U,CN=c"},
		{pkix.Name{ExtraNames: []pkix.AttributeTypeAndValue{{Type: unknown, Value: "x"}}}, "1.2.3.4=#130178"},
	} {
		der, err := asn1.Marshal(tt.name.ToRDNSequence())
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Name(der); err != nil || got != tt.want {
			t.Errorf("%s: got %s (%v), want %s", hex.EncodeToString(der), got, err, tt.want)
		}
	}
}

func FuzzName(f *testing.F) {
	der, err := asn1.Marshal(pkix.Name{Country: []string{"GB"}, CommonName: "x"}.ToRDNSequence())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(der)
	f.Fuzz(func(t *testing.T, der []byte) {
		if name, err := Name(der); err == nil && len(name) > 16*len(der)+16 {
			t.Errorf("%d bytes became %d", len(der), len(name))
		}
	})
}

func TestPriority(t *testing.T) {
	const oldest, newest = tls.VersionTLS12, tls.VersionTLS13
	for text, want := range map[string][2]uint16{
		"": {oldest, newest}, "NORMAL": {oldest, newest}, "@SYSTEM": {oldest, newest}, "NORMAL:-VERS-TLS1.0:-VERS-TLS1.1": {oldest, newest},
		"NORMAL:-VERS-TLS1.2": {newest, newest}, "NORMAL:-VERS-ALL:+VERS-TLS1.2": {oldest, oldest},
		"NORMAL:-VERS-ALL": {}, "NORMAL:+VERS-TLS1.0": {}, "SECURE256": {}, "NORMAL:+AES-128-CBC": {}, "NORMAL:": {},
	} {
		c, err := priority(text)
		switch {
		case want[0] == 0:
			if err == nil {
				t.Errorf("%s was not refused", text)
			}
		case err != nil || c.MinVersion != want[0] || c.MaxVersion != want[1]:
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestStoreKeepsTheFormerWhereTheNewIsBroken(t *testing.T) {
	ca := tlscerttest.New(t, nil)
	f := place(t, ca, ca.Sign(server, nil))
	s, _, err := Open(f, Policy{})
	if err != nil {
		t.Fatal(err)
	}
	first := s.Credentials()
	if updated, _, err := s.Refresh(); updated || err != nil {
		t.Errorf("nothing changed: %t %v", updated, err)
	}
	later := time.Now().Add(time.Minute)
	change := func(p tlscerttest.Pair, key []byte) {
		t.Helper()
		for path, data := range map[string][]byte{f.Cert: p.Cert, f.Key: key} {
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			later = later.Add(time.Minute)
			if err := os.Chtimes(path, later, later); err != nil {
				t.Fatal(err)
			}
		}
	}
	change(ca.Sign(server, nil), []byte("no key"))
	if updated, _, err := s.Refresh(); !updated || err == nil || s.Credentials() != first {
		t.Errorf("a broken key: %t %v", updated, err)
	}
	second := ca.Sign(server, nil)
	change(second, second.Key)
	if updated, _, err := s.Refresh(); !updated || err != nil || s.Credentials() == first {
		t.Errorf("a good one: %t %v", updated, err)
	}
}
