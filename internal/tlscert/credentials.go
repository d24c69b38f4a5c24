package tlscert

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"time"

	"virtree.dev/internal/sys"
)

// fileLimit bounds a certificate file, in bytes, as libvirt does.
const fileLimit = 1 << 16

// Files are the paths of a server's certificates.
type Files struct {
	CA, Cert, Key string
	CRL           string // "" for none
	CRLOptional   bool   // it may be missing
}

// Policy is what an administrator wants of certificates.
type Policy struct {
	NoSanityCheck bool // of the server's own
	NoVerify      bool // a client's may be bad, or missing
	AllowedDN     []string
	LimitDN       bool // only those of AllowedDN may connect
	Priority      string
}

// Credentials are certificates that were read. They do not change.
type Credentials struct {
	config *tls.Config
	policy Policy
	ca     []*x509.Certificate
	roots  *x509.CertPool
	crl    *x509.RevocationList
	// Expires is when the first of the server's own certificates does.
	Expires time.Time
}

// Load reads certificates. The notes are libvirt's warnings.
func Load(f Files, p Policy) (c *Credentials, notes []string, err error) {
	if err := f.exist(); err != nil {
		return nil, nil, err
	}
	c = &Credentials{policy: p, roots: x509.NewCertPool()}
	if c.config, err = priority(p.Priority); err != nil {
		return nil, nil, err
	}
	if c.ca, err = readCertificates(f.CA); err != nil {
		return nil, nil, fmt.Errorf("Unable to set x509 CA certificate: %s: %w", f.CA, err)
	}
	for _, ca := range c.ca {
		c.roots.AddCert(ca)
	}
	if err := c.readCRL(f); err != nil {
		return nil, nil, fmt.Errorf("Unable to set x509 certificate revocation list: %s: %w", f.CRL, err)
	}
	pair, err := tls.LoadX509KeyPair(f.Cert, f.Key)
	if err != nil {
		return nil, nil, fmt.Errorf("Unable to set x509 key and certificate: %s, %s: %w", f.Key, f.Cert, err)
	}
	own := pair.Leaf
	if !p.NoSanityCheck {
		if notes, err = c.sane(f, own); err != nil {
			return nil, nil, err
		}
	}
	c.Expires = own.NotAfter
	for _, ca := range c.ca {
		if ca.NotAfter.Before(c.Expires) {
			c.Expires = ca.NotAfter
		}
	}
	c.config.Certificates = []tls.Certificate{pair}
	c.config.ClientAuth = tls.RequestClientCert
	// libvirt's clients take the first record after the handshake for the welcome.
	c.config.SessionTicketsDisabled = true
	c.config.ClientCAs = c.roots
	return c, notes, nil
}

// exist refuses what cannot be read with libvirt's words.
func (f *Files) exist() error {
	for _, k := range []struct {
		what, path string
		optional   bool
	}{
		{"CA certificate", f.CA, false},
		{"certificate", f.Cert, false},
		{"private key", f.Key, false},
		{"CA certificate revocation list", f.CRL, f.CRLOptional || f.CRL == ""},
	} {
		if _, err := os.Stat(k.path); err != nil && !k.optional {
			return fmt.Errorf("Cannot read %s '%s': %w", k.what, k.path, sys.Errno(err))
		}
	}
	return nil
}

func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, sys.Errno(err)
	}
	if info.Size() > fileLimit {
		return nil, fmt.Errorf("larger than %d bytes", fileLimit)
	}
	data, err := os.ReadFile(path)
	return data, sys.Errno(err)
}

func readCertificates(path string) ([]*x509.Certificate, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	var list []*x509.Certificate
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		list = append(list, cert)
	}
	if len(list) == 0 {
		return nil, errors.New("no certificate in the file")
	}
	return list, nil
}

func (c *Credentials) readCRL(f Files) error {
	if f.CRL == "" {
		return nil
	}
	data, err := readFile(f.CRL)
	if errors.Is(err, os.ErrNotExist) && f.CRLOptional {
		return nil
	}
	if err != nil {
		return err
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return errors.New("no revocation list in the file")
	}
	if c.crl, err = x509.ParseRevocationList(block.Bytes); err != nil {
		return err
	}
	for _, ca := range c.ca {
		if c.crl.CheckSignatureFrom(ca) == nil {
			return nil
		}
	}
	return errors.New("no CA certificate has signed it")
}
