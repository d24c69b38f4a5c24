package rpc

import (
	"time"

	"virtree.dev/internal/tlscert"
)

const (
	// expiryNotice is how long before certificates expire the log begins to say so.
	expiryNotice = 30 * 24 * time.Hour
	// expiryAgain is how often it does.
	expiryAgain = 24 * time.Hour
)

// notice is what the log said of certificates.
type notice struct {
	at      time.Time
	expires time.Time
}

// watchCertificates says of certificates that they are about to expire, or have.
func (k *clients) watchCertificates(now time.Time) {
	for _, l := range k.server.listeners {
		if l.certificates == nil {
			continue
		}
		expires := l.certificates.Credentials().Expires
		said := k.noticed[l.certificates]
		if expires.Sub(now) > expiryNotice || said.expires.Equal(expires) && now.Sub(said.at) < expiryAgain {
			continue
		}
		if k.noticed == nil {
			k.noticed = map[*tlscert.Store]notice{}
		}
		k.noticed[l.certificates] = notice{now, expires}
		until := expires.Format(time.RFC3339)
		if now.After(expires) {
			k.server.log.Error("the TLS certificates have expired at " + until + ": clients refuse them until others are in their place")
			continue
		}
		k.server.log.Warn("the TLS certificates expire at " + until + ": put others in their place, which are read by themselves")
	}
}

// pageOfCertificates is what the observer shows of them.
func (k *clients) pageOfCertificates() map[string]string {
	page := map[string]string{}
	for _, l := range k.server.listeners {
		if l.certificates != nil {
			page["certificate of "+l.name] = "until " + l.certificates.Credentials().Expires.Format(time.RFC3339)
		}
	}
	return page
}
