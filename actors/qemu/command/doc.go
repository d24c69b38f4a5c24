// Package command makes the command line of QEMU for a completed document.
//
//	document + capabilities + Env ──Build──▶ Line (argv, environment)
//
// Build walks steps in the order libvirt gives options to QEMU; each step is a
// method of the builder, in the file named after what it is for. The package is
// pure: what it needs of the host (descriptors to hand over) comes in by Env.
package command
