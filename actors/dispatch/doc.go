// Package dispatch takes a call from a frame to the driver that owns it.
//
//	frame ──Find──▶ procedure, handler ──▶ Run: authenticated? decode, open?
//	read-only? access? ──▶ handler ──▶ reply or libvirt's error
//
// A Table has the handlers of one driver for one program, by procedure number.
// A handler that is Inline only reads published tables and is answered on the
// reader of the connection; a Worker may block, and gives its slot back while
// it waits for another process (Call.Wait). A procedure without a handler is
// answered as libvirt's library answers for a driver that lacks it. A panic
// stays in its call.
//
// With an access driver each call is a set of Questions about its object, which the
// table's Finder names, or the handler itself (AsksItself, Call.Ensure) where it
// knows the object only later. Such a call is never answered on a reader.
package dispatch
