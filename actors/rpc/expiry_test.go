package rpc

import (
	"crypto/x509/pkix"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"virtree.dev/internal/tlscert"
	"virtree.dev/internal/tlscert/tlscerttest"
)

// Certificates that end within the hour are told of at once, then daily, then as a
// fault; the observer sees until when they are good.
func TestExpiryIsSaidInTime(t *testing.T) {
	ca := tlscerttest.New(t, nil)
	dir, pair := t.TempDir(), ca.Sign(pkix.Name{CommonName: "server"}, nil)
	store, _, err := tlscert.Open(tlscert.Files{
		CA: tlscerttest.Write(t, dir, "ca.pem", ca.PEM()), Cert: tlscerttest.Write(t, dir, "cert.pem", pair.Cert), Key: tlscerttest.Write(t, dir, "key.pem", pair.Key),
	}, tlscert.Policy{})
	if err != nil {
		t.Fatal(err)
	}
	l := &Listener{name: "tls"}
	l.Secure(store)
	core, logged := observer.New(zap.DebugLevel)
	k := &clients{server: &Server{log: zap.New(core), listeners: []*Listener{l, {name: "rw"}}}}
	until := store.Credentials().Expires
	for _, step := range []struct {
		before time.Duration // the end of the certificates
		level  string
	}{
		{before: 31 * 24 * time.Hour},
		{before: 29 * 24 * time.Hour, level: "warn"},
		{before: 28*24*time.Hour + time.Hour},
		{before: 27 * 24 * time.Hour, level: "warn"},
		{before: -time.Second, level: "error"},
		{before: -time.Hour},
		{before: -25 * time.Hour, level: "error"},
	} {
		k.watchCertificates(until.Add(-step.before))
		said := ""
		for _, e := range logged.TakeAll() {
			said += e.Level.String()
		}
		if said != step.level {
			t.Errorf("%v before the end: %q was said, want %q", step.before, said, step.level)
		}
	}
	if page := k.pageOfCertificates(); page["certificate of tls"] != "until "+until.Format(time.RFC3339) || len(page) != 1 {
		t.Errorf("the observer sees %v", page)
	}
}
