// Package records words the audit trail of machines as libvirt does, so that what
// reads a host's trail understands it. It is pure.
//
//	Labels ─▶ who a machine is      Opened ─▶ a device of the host behind a network card
//	Start ─▶ its resources, then its start      Stop ─▶ its end
package records
