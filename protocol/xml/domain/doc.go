// Package domain holds the document of a machine: what <domain> says, as Go structures.
//
// Parse reads a document, checks what needs no knowledge of a hypervisor, and fills in what holds for all
// of them; Format writes it in libvirt's form. What a hypervisor adds (default devices, addresses) is not
// done here. Each element has its type, its parser and its formatter beside each other: the core in
// domain.go, os.go, vcpu.go and so on, a device family in a file of its name.
//
// Enumerations are strings, checked against the tables when parsed; the empty string means "not given".
// A Tristate tells yes, no or not given. Pointers are nil for what is absent. Sizes are in KiB unless the
// field says otherwise.
package domain
