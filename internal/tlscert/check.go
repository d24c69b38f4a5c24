package tlscert

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"time"
)

// What a certificate is looked at as.
type role int

const (
	roleCA role = iota
	roleServer
	roleClient
)

func (r role) String() string { return [...]string{"CA", "server", "client"}[r] }

var (
	oidBasicConstraints = asn1.ObjectIdentifier{2, 5, 29, 19}
	oidKeyUsage         = asn1.ObjectIdentifier{2, 5, 29, 15}
	oidKeyPurpose       = asn1.ObjectIdentifier{2, 5, 29, 37}
)

// extension says whether a certificate has one, and whether it is critical.
func extension(cert *x509.Certificate, oid asn1.ObjectIdentifier) (there, critical bool) {
	for _, e := range cert.Extensions {
		if e.Id.Equal(oid) {
			return true, e.Critical
		}
	}
	return false, false
}

// sane checks the server's own certificates as libvirt does before it starts.
func (c *Credentials) sane(f Files, own *x509.Certificate) (notes []string, err error) {
	notes, err = check(own, f.Cert, roleServer, nil)
	if err != nil {
		return nil, err
	}
	for _, ca := range c.ca {
		if notes, err = check(ca, f.CA, roleCA, notes); err != nil {
			return nil, err
		}
	}
	if reason := c.distrust([]*x509.Certificate{own}); reason != "" {
		return nil, fmt.Errorf("Our own certificate %s failed validation against %s: %s", f.Cert, f.CA, reason)
	}
	return notes, nil
}

// check looks at one certificate; what is wrong and not critical is noted.
func check(cert *x509.Certificate, file string, as role, notes []string) ([]string, error) {
	if err := checkTimes(cert, file, as); err != nil {
		return notes, err
	}
	return checkUse(cert, file, as, notes)
}

func checkTimes(cert *x509.Certificate, file string, as role) error {
	now := time.Now()
	switch {
	case cert.NotAfter.Before(now):
		return fmt.Errorf("The %s certificate %s has expired", as, file)
	case cert.NotBefore.After(now):
		return fmt.Errorf("The %s certificate %s is not yet active", as, file)
	}
	return nil
}

// checkUse looks at basic constraints, key usage and key purpose.
func checkUse(cert *x509.Certificate, file string, as role, notes []string) ([]string, error) {
	there, _ := extension(cert, oidBasicConstraints)
	switch {
	case as == roleCA && !there:
		return notes, fmt.Errorf("The certificate %s is missing basic constraints for a CA", file)
	case as == roleCA && !cert.IsCA:
		return notes, fmt.Errorf("The certificate %s basic constraints do not show a CA", file)
	case as != roleCA && cert.IsCA:
		return notes, fmt.Errorf("The certificate %s basic constraints show a CA, but we need one for a %s", file, as)
	}
	var err error
	wrong := func(critical bool, format string, args ...any) {
		if e := fmt.Errorf(format, args...); critical && err == nil {
			err = e
		} else {
			notes = append(notes, e.Error())
		}
	}
	if there, critical := extension(cert, oidKeyUsage); there {
		for _, u := range usages(as) {
			if cert.KeyUsage&u.bit == 0 {
				wrong(critical, "Certificate %s usage does not permit %s", file, u.what)
			}
		}
	}
	if there, critical := extension(cert, oidKeyPurpose); there && as != roleCA && !permits(cert, as) {
		wrong(critical, "Certificate %s purpose does not allow use for with a TLS %s", file, as)
	}
	return notes, err
}

type usage struct {
	bit  x509.KeyUsage
	what string
}

func usages(as role) []usage {
	if as == roleCA {
		return []usage{{x509.KeyUsageCertSign, "certificate signing"}}
	}
	return []usage{{x509.KeyUsageDigitalSignature, "digital signature"}, {x509.KeyUsageKeyEncipherment, "key encipherment"}}
}

// permits reads the key purpose. As in libvirt, one that neither names a server nor
// a client, nor is the one for any use, permits both.
func permits(cert *x509.Certificate, as role) bool {
	want := x509.ExtKeyUsageServerAuth
	if as == roleClient {
		want = x509.ExtKeyUsageClientAuth
	}
	if len(cert.UnknownExtKeyUsage) > 0 {
		return true
	}
	for _, u := range cert.ExtKeyUsage {
		switch u {
		case want:
			return true
		case x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageAny:
		default:
			return true
		}
	}
	return false
}

// distrust says why a chain is not to be trusted, in libvirt's words; "" if it is.
func (c *Credentials) distrust(chain []*x509.Certificate) string {
	others := x509.NewCertPool()
	for _, cert := range chain[1:] {
		others.AddCert(cert)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{
		Roots: c.roots, Intermediates: others, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	var unknown x509.UnknownAuthorityError
	var insecure x509.InsecureAlgorithmError
	switch {
	case errors.As(err, &insecure):
		return "The certificate uses an insecure algorithm"
	case errors.As(err, &unknown):
		return "The certificate hasn't got a known issuer."
	case err != nil:
		return "The certificate is not trusted."
	case slices.ContainsFunc(chain, c.revoked):
		return "The certificate has been revoked."
	}
	return ""
}

func (c *Credentials) revoked(cert *x509.Certificate) bool {
	if c.crl == nil || !bytes.Equal(cert.RawIssuer, c.crl.RawIssuer) {
		return false
	}
	return slices.ContainsFunc(c.crl.RevokedCertificateEntries, func(e x509.RevocationListEntry) bool {
		return e.SerialNumber.Cmp(cert.SerialNumber) == 0
	})
}
