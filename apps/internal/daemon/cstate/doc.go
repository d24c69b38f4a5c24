// Package cstate takes over from libvirt's own virtlogd and virtlockd: on
// SIGUSR1 these write a restart file and execute whatever stands where they were
// started from.
//
//	restart file ─Load─▶ Document ─Box─▶ the parts that a program of ours would
//	                                     have left: listeners, clients, the rest
//	Service ◀─Take─ Rest: its own state in libvirt's form, and its descriptors
//
// A client's privateData stands where the state of its session is, in libvirt's
// form. Nothing in the file is believed: a descriptor is taken only if it is
// open, of the right kind and not somebody else's.
package cstate
