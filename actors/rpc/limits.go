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
