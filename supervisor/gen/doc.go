// Package gen is the process runtime, in the terms of OTP and ergo.
//
//	            Call ──▶ ┌──────────┐ ──▶ HandleCall ──▶ reply, or From kept for later
//	            Send ──▶ │ mailbox  │ ──▶ HandleMessage
//	Down, exits, stop ──▶ └──────────┘     one goroutine a process
//
// A process has a behavior, a bounded main lane and unbounded system and
// urgent lanes; urgent comes before system, system before main, and each lane
// keeps its order. Send never blocks: a full main lane gives ErrFull. Only a
// meta process, which does blocking I/O for its parent, may wait for room
// (SendWait). A call ends with the reply, the death of the callee or of its
// context; a call that would wait for its own caller gives ErrCycle.
//
// A panic in a behavior ends its process with a PanicError; the parent decides
// what comes next. Everything belongs to a System, of which a test may have
// several.
package gen
