// Package rpc is the server side of libvirt's RPC: sockets, clients, workers.
//
//	listener ─accept─▶ Server.admit ─▶ client, watched by one of the poller's readers
//	                                     │ (meta processes of "clients"); they help one that is late
//	             keepalive ◀─────────────┤ answered at once, outside every quota
//	             Inline handlers ◀───────┤ answered on the reader's thread: they never block
//	             Worker handlers ◀─ pool ┤ at most max_client_requests a client; more are parked
//	             streams ◀───────────────┘ a job each way, with back-pressure
//
// Replies and events go into the client's queue. Whoever fills an idle queue
// writes it out without blocking; a reader goes on with what does not fit.
// An idle client costs no goroutine and no buffer.
//
// What protects a client (TLS, or a layer of SASL) stands between its queue and its
// socket; while a call decides on it, nothing behind that call is read.
//
// Back-pressure: a client whose unread replies exceed a bound is not read from;
// one that does not read its events is closed. Its reader parks a bounded
// number of calls beyond max_client_requests, so that keepalives behind them
// are still seen, then leaves them in the kernel.
package rpc
