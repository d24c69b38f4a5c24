// Package alias gives every device of a machine its name inside QEMU.
//
//	document with addresses ──Assign──▶ document with aliases (net0, scsi0-0-0-0, pci.3)
//
// The names are those of libvirt, since clients see them in events and
// documents. Names that are there already stay. The package is pure.
package alias
