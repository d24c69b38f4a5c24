// Package activation takes the sockets that systemd opened for a daemon.
//
//	LISTEN_FDS, LISTEN_FDNAMES ─▶ Receive ─▶ Stored ─▶ Listeners, one unit after the other ─▶ Unclaimed
//
// LISTEN_FDS says how many there are, from descriptor 3 on; LISTEN_FDNAMES
// names them ("libvirtd.socket:libvirtd-ro.socket"), and the names alone count where
// there are any. systemd before version 227 gives none: then a socket is
// known by the path or port on which it listens. A name without a socket means that
// the service is not wanted; a socket without a service is an error, for its clients
// would wait for ever.
package activation
