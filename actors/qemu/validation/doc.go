// Package validation refuses documents that QEMU, or this version of it, cannot be given.
//
//	completed document + capabilities ──Check──▶ nil, or libvirt's own error
//
// Check runs the generic checks of the document first, then QEMU's, device by
// device. The package is pure.
package validation
