// Package companion knows the processes beside QEMU that a machine needs: the emulator of
// its TPM, the daemons of shared folders and network cards, its message bus, and others.
//
//	document + Host ──Of──▶ []Process, in the order in which they are started
//
// A companion leaves a pid file and perhaps a socket, whose paths follow from the document
// and the machine's name, so that a later daemon finds what an earlier one started. The
// package is pure: it says what is to be run, and does not run it.
package companion
