// Package address gives every device of a QEMU machine its place on a bus:
// PCI, USB, virtio-serial, CCW, spapr-vio, virtio-mmio and memory slots.
//
//	document with holes ──Assign──▶ document in which each device has an address
//
// The choice is a function of the document and of what the binary can do, so
// that the same document always gives the same guest hardware, and an address
// that is there already is never changed. PCI is done twice: a dry run finds
// out how many bridges or root ports are needed and adds them, the second
// pass hands the addresses out.
//
// The package is pure: no goroutine, no file, no clock.
package address
