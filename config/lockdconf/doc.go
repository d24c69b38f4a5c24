// Package lockdconf holds the settings of the lock service: virtlockd.conf for
// the daemon (Config), and qemu-lockd.conf for the driver that asks it for
// leases (Plugin).
package lockdconf
