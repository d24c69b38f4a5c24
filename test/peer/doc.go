// Package peer runs a libvirtd, Debian's or ours, for a test: in session mode
// with folders of its own, or in system mode with the system's folders hidden
// behind empty ones.
//
//	Build ─▶ our binary ─┐
//	Real ──▶ Debian's ───┴▶ Start ─▶ sockets, log, Stop
package peer
