// Package settings holds what the configuration files of the daemons say against what
// the daemons do, as far as no other package of tests does: the audit trail.
//
//	peer.Start with a file ─▶ daemon ◀─ virsh
//	                            └─▶ log and the kernel's audit socket: record for record libvirt's
package settings
