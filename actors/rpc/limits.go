package rpc

import (
	"time"

	"virtree.dev/supervisor/act"
)

// Limits are the settings of a server; all can be changed while it runs.
type Limits struct {
	act.Limits
	MaxClients          int
	MaxAnonymousClients int // not authenticated yet; 0: no limit of their own
	MaxClientRequests   int
	KeepaliveInterval   time.Duration // 0 or less: the server does not ask
	KeepaliveCount      int
}

// changes are the limits that were set live, by name: those in a configuration
// file may be other ones by the time the next program reads it.
type changes map[string]int

func (l *Limits) settable() map[string]*int {
	return map[string]*int{
		"min_workers": &l.Min, "max_workers": &l.Max, "prio_workers": &l.Priority,
		"max_clients": &l.MaxClients, "max_anonymous_clients": &l.MaxAnonymousClients,
	}
}

// since gives what differs from the limits of before.
func (l Limits) since(before Limits) changes {
	c := changes{}
	old := before.settable()
	for name, v := range l.settable() {
		if *v != *old[name] {
			c[name] = *v
		}
	}
	return c
}

// apply makes the changes again. What the other limits have become since may not
// suit them, so that the lower bound gives way.
func (c changes) apply(l *Limits) {
	for name, v := range l.settable() {
		if n, changed := c[name]; changed {
			*v = max(n, 0)
		}
	}
	l.Min = min(l.Min, l.Max)
	l.MaxAnonymousClients = min(l.MaxAnonymousClients, l.MaxClients)
}

// Bounds that no setting changes.
const (
	parkedCalls  = 64      // of a client beyond its requests, then its socket is left alone
	parkedBytes  = 1 << 20 // likewise
	unreadStop   = 1 << 20 // bytes of replies: the client is not read from
	unreadClose  = 8 << 20 // bytes with events: the client is closed
	bufferSize   = 64 << 10
	streamQueued = 4 << 20 // bytes for a stream's backend: the client is not read from
	portionSize  = 64      // what a message for a backend counts for, beside its bytes
)
