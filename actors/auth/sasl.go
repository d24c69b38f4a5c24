package auth

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"go.uber.org/zap"

	"virtree.dev/actors/dispatch"
	"virtree.dev/config/saslconf"
	"virtree.dev/internal/pattern"
	"virtree.dev/protocol/krb5"
	"virtree.dev/protocol/sasl"
)

// serviceName is what Kerberos calls the daemon: libvirt/HOST@REALM.
const serviceName = "libvirt"

// SASL meets clients that say by SASL who they are.
type SASL struct {
	source   saslconf.Source
	rules    Rules
	throttle *throttle
	log      *zap.Logger
}

// Rules are what the daemon's own configuration says about SASL.
type Rules struct {
	Allowed []string // patterns of users; counts where Limited
	Limited bool
	MinSSF  int // of a layer, where nothing else protects a client
}

// NewSASL reads its files whenever a client comes.
func NewSASL(source saslconf.Source, rules Rules, log *zap.Logger) *SASL {
	return &SASL{source: source, rules: rules, throttle: newThrottle(), log: log}
}

// Check says in the log what will let nobody in.
func (s *SASL) Check() {
	c, err := s.source.Load()
	if err != nil {
		s.log.Error("no client can authenticate by SASL: " + err.Error())
		return
	}
	if len(c.Unknown) > 0 {
		s.log.Warn("SASL mechanisms that are not offered, for there is none of that name: " + strings.Join(c.Unknown, ", "))
	}
	if slices.Contains(c.Mechanisms, sasl.GSSAPI) {
		if _, err := s.keys(c); err != nil {
			s.log.Warn("SASL mechanism GSSAPI is not offered: " + err.Error())
		}
	}
}

// Mechanisms are those that a client may choose from.
func (s *SASL) Mechanisms(way dispatch.Way) ([]string, error) {
	c, err := s.source.Load()
	if err != nil {
		return nil, err
	}
	list, _ := s.offered(c, way)
	return list, nil
}

// offered gives the mechanisms, and the keys of the one that has some.
func (s *SASL) offered(c *saslconf.Config, way dispatch.Way) (list []string, keys *krb5.Keys) {
	for _, m := range c.Mechanisms {
		if m == sasl.GSSAPI {
			var err error
			if keys, err = s.keys(c); err != nil {
				continue
			}
		} else if !way.Private {
			continue // it protects nothing
		}
		list = append(list, m)
	}
	return list, keys
}

func (s *SASL) keys(c *saslconf.Config) (*krb5.Keys, error) {
	raw, err := os.ReadFile(c.Keytab)
	if err != nil {
		return nil, fmt.Errorf("the keytab cannot be read: %w", err)
	}
	keys, err := krb5.ParseKeys(raw, serviceName)
	if err != nil {
		return nil, fmt.Errorf("keytab %s: %w", c.Keytab, err)
	}
	return keys, nil
}

// Begin starts a negotiation by a mechanism that was offered.
func (s *SASL) Begin(mechanism string, way dispatch.Way) (sasl.Exchange, error) {
	c, err := s.source.Load()
	if err != nil {
		return nil, err
	}
	list, keys := s.offered(c, way)
	if !slices.Contains(list, mechanism) {
		return nil, fmt.Errorf("mechanism %.40q is not offered to this client", mechanism)
	}
	server := &sasl.Server{Lookup: c.Lookup, Secure: way.Private, MinSSF: s.rules.MinSSF}
	if keys != nil {
		server.Context = func() sasl.Context { return keys.Accept() }
	}
	return server.Begin(mechanism)
}

// Admit says whether somebody who is who it says may come in.
func (s *SASL) Admit(user string, layer sasl.Layer, way dispatch.Way) error {
	if !way.Private && (layer == nil || layer.SSF() < s.rules.MinSSF) {
		return fmt.Errorf("negotiated SSF was not strong enough: %d are wanted", s.rules.MinSSF)
	}
	if s.rules.Limited && !pattern.Any(s.rules.Allowed, user) {
		return fmt.Errorf("Client's username is not on the list of allowed clients: sasl_allowed_username_list has nothing for '%s'", user)
	}
	return nil
}

// Failed notes and logs that a client is not who it says.
func (s *SASL) Failed(who *dispatch.Session, mechanism, user string, why error) {
	n := s.throttle.failed(who.Origin())
	text := fmt.Sprintf("SASL authentication of %s", who)
	if mechanism != "" {
		text += fmt.Sprintf(" by %.40q", mechanism)
	}
	if user != "" {
		text += fmt.Sprintf(" as %.256q", user)
	}
	text += " failed: " + why.Error()
	if n > 1 {
		text += fmt.Sprintf(" (%d failures of this peer lately, which waits before it may try again)", n)
	}
	s.log.Error(text)
}

// Came logs who came in.
func (s *SASL) Came(who *dispatch.Session, mechanism, user string) {
	s.log.Info(fmt.Sprintf("SASL authentication of %s by %s as %q", who, mechanism, user))
}

// Wait waits until a client whose peer failed lately may go on.
func (s *SASL) Wait(ctx context.Context, who *dispatch.Session) error {
	return s.throttle.wait(ctx, who.Origin())
}
