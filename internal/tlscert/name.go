package tlscert

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// attributes are the names that GnuTLS has for parts of a distinguished name.
var attributes = map[string]string{
	"2.5.4.3": "CN", "2.5.4.4": "surName", "2.5.4.5": "serialNumber", "2.5.4.6": "C", "2.5.4.7": "L",
	"2.5.4.8": "ST", "2.5.4.9": "street", "2.5.4.10": "O", "2.5.4.11": "OU", "2.5.4.12": "title",
	"2.5.4.13": "description", "2.5.4.15": "businessCategory", "2.5.4.16": "postalAddress",
	"2.5.4.17": "postalCode", "2.5.4.20": "telephoneNumber", "2.5.4.41": "name", "2.5.4.42": "givenName",
	"2.5.4.43": "initials", "2.5.4.44": "generationQualifier", "2.5.4.46": "dnQualifier", "2.5.4.65": "pseudonym",
	"0.9.2342.19200300.100.1.25": "DC", "0.9.2342.19200300.100.1.1": "UID", "1.2.840.113549.1.9.1": "EMAIL",
}

// rawAttribute keeps a value as it is encoded.
type rawAttribute struct {
	Type  asn1.ObjectIdentifier
	Value asn1.RawValue
}

// Name gives a distinguished name (DER) in the text form that libvirt matches
// tls_allowed_dn_list with: that of GnuTLS, in the order of the certificate.
func Name(der []byte) (string, error) {
	var sequence []asn1.RawValue
	if rest, err := asn1.Unmarshal(der, &sequence); err != nil || len(rest) > 0 {
		return "", errors.New("no distinguished name")
	}
	names := make([]string, len(sequence))
	for i, set := range sequence {
		name, err := relativeName(set)
		if err != nil {
			return "", err
		}
		names[i] = name
	}
	return strings.Join(names, ","), nil
}

func relativeName(set asn1.RawValue) (string, error) {
	var texts []string
	for rest := set.Bytes; len(rest) > 0; {
		var a rawAttribute
		var err error
		if rest, err = asn1.Unmarshal(rest, &a); err != nil {
			return "", fmt.Errorf("a part of the name: %w", err)
		}
		texts = append(texts, a.text())
	}
	return strings.Join(texts, "+"), nil
}

func (a *rawAttribute) text() string {
	oid := a.Type.String()
	name, known := attributes[oid]
	var value pkix.AttributeTypeAndValue
	if known {
		if _, err := asn1.Unmarshal(a.Value.FullBytes, &value.Value); err == nil {
			if text, ok := value.Value.(string); ok {
				return name + "=" + escape(text)
			}
		}
	} else {
		name = oid
	}
	return name + "=#" + hex.EncodeToString(a.Value.FullBytes)
}

// escape is that of RFC 4514.
func escape(text string) string {
	var b strings.Builder
	for i, r := range text {
		switch {
		case strings.ContainsRune(`,+"\<>;`, r),
			i == 0 && (r == '#' || r == ' '),
			i == len(text)-1 && r == ' ':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == 0:
			b.WriteString(`\00`)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
