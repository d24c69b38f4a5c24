// Package virtype has the enumerations and flags of libvirt's API under Go
// names (VIR_DOMAIN_RUNNING is DomainRunning), and typed parameters.
package virtype
