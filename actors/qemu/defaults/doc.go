// Package defaults completes a document with what libvirt gives every QEMU
// machine: the machine type, default devices, models, the processor, the
// firmware.
//
//	parsed document ──Apply──▶ the document that is stored and started
//
// Apply runs libvirt's steps in libvirt's order, since a later step sees what
// an earlier one added: the hypervisor's own defaults, then each device, then
// what devices imply (controllers, consoles), then addresses.
//
// The package is pure. What depends on the binary comes in as a Binary, what
// depends on the host as a Host.
package defaults
