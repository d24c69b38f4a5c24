// Package endpoint finds the socket behind a URI of this host, as libvirt's client
// library does: that of the driver's own daemon, or libvirtd's.
//
//	Parse ─▶ URI ─ Daemon ─▶ rpcclient.Daemon ─ Dial ─▶ the socket; a session daemon is started
package endpoint
