package tlscert

import (
	"crypto/tls"
	"fmt"
	"slices"
	"strings"
)

// versions are those of GnuTLS's priority strings that are spoken.
var versions = map[string]uint16{"VERS-TLS1.2": tls.VersionTLS12, "VERS-TLS1.3": tls.VersionTLS13}

// old are versions that nobody is served with, however they are asked for.
var old = []string{"VERS-SSL3.0", "VERS-TLS1.0", "VERS-TLS1.1"}

// priority maps tls_priority, a string for GnuTLS, as far as crypto/tls has the
// like; the rest is refused, so that nobody believes in a setting without effect.
func priority(text string) (*tls.Config, error) {
	spoken := map[uint16]bool{tls.VersionTLS12: true, tls.VersionTLS13: true}
	for i, word := range strings.Split(text, ":") {
		if i == 0 && (word == "" || word == "NORMAL" || word == "SECURE128" || strings.HasPrefix(word, "@")) {
			continue
		}
		if word == "%SERVER_PRECEDENCE" {
			continue // it is always so
		}
		if err := adjust(spoken, word); err != nil {
			return nil, fmt.Errorf("Failed to set TLS session priority to %s: %w", text, err)
		}
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS13}
	switch {
	case !spoken[tls.VersionTLS12] && !spoken[tls.VersionTLS13]:
		return nil, fmt.Errorf("Failed to set TLS session priority to %s: it leaves neither TLS 1.2 nor TLS 1.3", text)
	case !spoken[tls.VersionTLS12]:
		c.MinVersion = tls.VersionTLS13
	case !spoken[tls.VersionTLS13]:
		c.MaxVersion = tls.VersionTLS12
	}
	return c, nil
}

// CheckPriority says what is wrong with tls_priority.
func CheckPriority(text string) error {
	_, err := priority(text)
	return err
}

func adjust(spoken map[uint16]bool, word string) error {
	if len(word) < 2 {
		return fmt.Errorf("%q is not understood", word)
	}
	on, name := word[0] == '+', word[1:]
	if !on && word[0] != '-' && word[0] != '!' {
		return fmt.Errorf("%q has no counterpart here: only versions can be chosen", word)
	}
	switch version, ok := versions[name]; {
	case name == "VERS-ALL" || name == "VERS-TLS-ALL":
		spoken[tls.VersionTLS12], spoken[tls.VersionTLS13] = on, on
	case ok:
		spoken[version] = on
	case slices.Contains(old, name) && !on:
	default:
		return fmt.Errorf("%q has no counterpart here: only TLS 1.2 and 1.3 can be chosen, with the ciphers of both", word)
	}
	return nil
}
