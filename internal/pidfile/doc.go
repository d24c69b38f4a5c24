// Package pidfile keeps a second process out of what one process holds: a
// daemon's name, a driver's state folder. The files are libvirt's own, so that
// its daemons and ours keep each other out as well.
package pidfile
