// Package peer runs a libvirtd, Debian's or ours, for a test: in session mode
// with folders of its own, or in system mode with the system's folders hidden
// behind empty ones. A Service is a virtlogd or virtlockd alone, whose program can be
// exchanged.
//
//	Build ─▶ our binary ─┐
//	Real ──▶ Debian's ───┴▶ Start ─▶ sockets, log, Stop
//	Binary ▶ our daemons ─▶ NewService ─▶ Run, Install, Signal, End
package peer
