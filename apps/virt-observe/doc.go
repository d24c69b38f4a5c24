// virt-observe shows the process tree of a daemon.
//
//	virt-observe ──supervisor/observe──▶ NAME-observe-sock of the daemon
package main
