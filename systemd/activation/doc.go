// Package activation takes the sockets that systemd opened for a daemon.
//
// LISTEN_FDS says how many there are, from descriptor 3 on; LISTEN_FDNAMES
// names them ("libvirtd.socket:libvirtd-ro.socket"), and libvirt goes by the
// names alone. A name without a socket means that the service is not wanted; a
// socket without a service is an error, for its clients would wait for ever.
package activation
