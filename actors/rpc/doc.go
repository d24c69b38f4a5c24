// Package rpc is the server side of libvirt's RPC: sockets, clients, workers.
//
//	listener ─accept─▶ Server.admit ─▶ client, one of those that a poller
//	                                     │ (a meta process of "clients") reads from
//	             keepalive ◀─────────────┤ answered at once, outside every quota
//	             Inline handlers ◀───────┤ answered on the poller's thread: they never block
//	             Worker handlers ◀─ pool ┤ at most max_client_requests a client; more are parked
//	             streams ◀───────────────┘ a job each way, with back-pressure
//
// Replies and events go into the client's queue. Whoever fills an idle queue
// writes it out without blocking; the poller goes on with what does not fit.
// An idle client costs no goroutine and no buffer.
//
// Back-pressure: a client whose unread replies exceed a bound is not read from;
// one that does not read its events is closed. The poller parks a bounded
// number of calls beyond max_client_requests, so that keepalives behind them
// are still seen, then leaves them in the kernel.
package rpc
