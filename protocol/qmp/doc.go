// Package qmp speaks the QEMU Machine Protocol, without goroutine or socket.
//
//	bytes from QEMU ──Client.Feed──▶ replies (to whom they belong), events
//	command ──Client.Command──▶ bytes for QEMU
//
// The greeting is answered with qmp_capabilities at once, asking for out-of-band
// execution when QEMU offers it; commands given before that are queued behind
// it. Every command has an id of its own, so that out-of-band replies may
// overtake others. A reply runs the command's callback inside Feed; when the
// connection is lost, Fail runs all that are left. Ordering: events and replies
// come out of Feed in the order that QEMU wrote them.
//
// Blocking is the Client over a connection for those that may wait: the prober
// of capabilities, tests.
package qmp
