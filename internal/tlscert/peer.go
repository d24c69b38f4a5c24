package tlscert

import (
	"crypto/x509"
	"errors"
	"fmt"

	"virtree.dev/internal/pattern"
)

// session is the name that libvirt's messages give to a client's certificate.
const session = "[session]"

// ErrPeer is what a client whose certificate is refused fails with.
var ErrPeer = errors.New("authentication failed: Failed to verify peer's certificate")

var errNotListed = errors.New("Client's Distinguished Name is not on the list of allowed clients (tls_allowed_dn_list).  Use 'virt-pki-query-dn clientcert.pem' to view the Distinguished Name field in the client certificate, or run this daemon with --verbose option.")

// Peer checks the certificates of a client. The name is there wherever it could be
// read; why is what libvirt would warn of, and err what the client fails with.
func (c *Credentials) Peer(chain []*x509.Certificate) (name string, notes []string, why, err error) {
	name, notes, why = c.examine(chain)
	if why != nil && !c.policy.NoVerify {
		err = ErrPeer
	}
	return name, notes, why, err
}

func (c *Credentials) examine(chain []*x509.Certificate) (name string, notes []string, why error) {
	if len(chain) == 0 {
		return "", nil, errors.New("Unable to verify TLS peer: No certificate was found.")
	}
	if name, why = Name(chain[0].RawSubject); why != nil {
		return "", nil, fmt.Errorf("Failed to get certificate %s distinguished name: %w", session, why)
	}
	if reason := c.distrust(chain); reason != "" {
		return name, nil, errors.New("Certificate failed validation: " + reason)
	}
	for i, cert := range chain {
		as := roleServer // as libvirt's messages have it on this side
		if i > 0 {
			as = roleCA
		}
		if why = checkTimes(cert, session, as); why != nil {
			return name, nil, why
		}
	}
	if c.policy.LimitDN && !pattern.Any(c.policy.AllowedDN, name) {
		return name, nil, errNotListed
	}
	notes, why = checkUse(chain[0], session, roleClient, nil)
	return name, notes, why
}
