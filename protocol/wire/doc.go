// Package wire is the framing of libvirt's RPC (src/rpc/virnetprotocol.x).
//
//	length u32 │ program version procedure type serial status │ payload
//
// The length counts itself. Messages of a type with fds have the number of fds
// before the payload; the fds follow the message, each with one byte of its
// own. Streams are messages of the call that opened them: Continue with bytes
// or a hole, OK at the end, Error when it broke.
package wire
