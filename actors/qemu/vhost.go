package qemu

import (
	"virtree.dev/actors/qemu/command"
	xml "virtree.dev/protocol/xml/domain"
)

const vhostNet = "/dev/vhost-net"

// vhost opens the kernel's side of a network card, a time for each queue. That it is
// missing matters only to who asked for it.
func (s *starter) vhost(n *xml.Interface, count int) ([]int, error) {
	wanted := n.Driver.Name == "vhost"
	switch {
	case s.def.Type != "kvm" || n.Driver.Name == "qemu":
		return nil, nil
	case !n.IsVirtio() && wanted:
		return nil, errUnsupportedConfig("vhost-net is only supported for virtio network interfaces")
	case !n.IsVirtio():
		return nil, nil
	}
	path := n.Backend.Vhost
	if path == "" {
		path = vhostNet
	}
	var fds []int
	defer func() { s.auditOpened(n, path, len(fds) > 0) }()
	for i := range count {
		fd, err := s.pass(command.Pass{Kind: "vhost", Alias: n.Alias, Path: path, Index: i})
		switch {
		case err == nil:
			fds = append(fds, fd)
		case wanted:
			return nil, errUnsupportedConfig("vhost-net was requested for an interface, but is unavailable")
		default:
			return fds, nil
		}
	}
	return fds, nil
}
