package daemon

import "virtree.dev/apps/internal/roster"

// Spec is what makes one daemon different from the others.
type Spec struct {
	Name         string // "libvirtd"
	SocketPrefix string // "libvirt"
	Listen       bool   // has --listen
	Drivers      []roster.Entry
}
