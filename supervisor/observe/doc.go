// Package observe shows a daemon's process tree over a UNIX socket.
//
//	client ──"text pages follow=1s name=qemu"──▶ listener ──accept──▶ viewer (meta process, one a client)
//	client ◀──────────── a document, or one an interval ────────────── gen.System.Tree
//
// In the place of the tree a client may see the jobs (who holds which object, for
// whom), or have a trace: a flight recorder, off and free of cost until somebody
// asks, keeps the last seconds in a bounded buffer for as long as it was asked to.
//
// Only root and the daemon's own user are let in. A request is one line, read
// with a deadline and a bound; a client that does not read loses its
// connection, and nothing of the tree ever waits for one. At most maxViewers
// look at a time.
package observe
