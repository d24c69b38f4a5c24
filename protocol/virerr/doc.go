// Package virerr is the error that libvirt's clients get: a code, the part
// that raised it, a level, a message and what the message was made of.
//
//	New(FromQEMU, NoDomain, "no domain with matching name '%s'", name)
//	   ──▶ "Domain not found: no domain with matching name 'x'"
//
// Inside the daemons errors are wrapped Go errors; From turns any of them into
// an Error, once, where a reply is made.
package virerr
