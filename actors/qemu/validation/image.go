package validation

import "virtree.dev/protocol/xml/domain"

// image checks one image of a chain.
func (v *check) image(s *domain.DiskSource, readonly bool) {
	v.refuse(s.Format == "cow", "'cow' storage format is not supported")
	v.refuse(s.Format == "dir", "'directory' storage format is not directly supported by QEMU, use 'dir' disk type instead")
	v.refuse(s.Format == "iso", "storage format 'iso' is not directly supported by QEMU, use 'raw' instead")
	v.refuse(s.Format == "fat" && !oneOf(s.Type, "volume", "dir"), "storage format 'fat' is supported only with 'dir' storage type")
	if s.Type == "dir" {
		v.refuse(s.Format != "" && s.Format != "fat", "storage type 'dir' requires use of storage format 'fat'")
		v.refuse(!readonly, "virtual FAT storage can't be accessed in read-write mode")
	}
	v.refuse(s.Reservations != nil && !v.has("pr-manager-helper"), "reservations not supported with this QEMU binary")
	if s.Network != nil {
		v.network(s.Network)
	}
	v.refuse(s.MetadataCacheMax > 0 && s.Format != "qcow2", "metadata cache max size control is supported only with qcow2 images")
	if s.Encryption != nil {
		v.encryption(s)
	}
	if n := s.Network; n != nil && n.TLSHostname != "" {
		v.refuse(n.Protocol != "nbd", "'tlsHostname' field is supported only with NBD disks")
		v.refuse(!v.has("blockdev.nbd.tls-hostname"), "'tlsHostname' field is not supported by this QEMU")
	}
}

func (v *check) network(n *domain.NetworkSource) {
	switch n.Protocol {
	case "tftp":
		v.Unsupported("'tftp' protocol is not supported with this QEMU binary")
	case "nfs":
		if len(n.Hosts) != 1 {
			v.Unsupported("'nfs' protocol requires the usage of exactly one host")
			return
		}
		v.refuse(n.Hosts[0].Transport != "" && n.Hosts[0].Transport != "tcp", "'nfs' host must use TCP protocol")
		v.refuse(n.Hosts[0].Port != 0, "port cannot be specified in 'nfs' protocol host")
	}
}

func (v *check) encryption(s *domain.DiskSource) {
	e := s.Encryption
	v.refuse(oneOf(e.Format, "default", "qcow"), "old qcow/qcow2 encryption is not supported")
	switch e.Engine {
	case "qemu":
		v.refuse(e.Format == "luks" && !oneOf(s.Format, "qcow2", "raw"),
			"encryption is supported only with 'raw' and 'qcow2' image format")
		v.refuse(oneOf(e.Format, "luks2", "luks-any"), "'%s' is currently not supported by the qemu encryption engine", e.Format)
		v.refuse(len(e.Secrets) > 1, "qemu encryption engine expects only a single secret")
	case "librbd":
		v.refuse(!v.has("rbd-encryption"), "librbd encryption is not supported by this QEMU binary")
		v.refuse(s.Network == nil || s.Network.Protocol != "rbd", "librbd encryption is supported only with RBD backed disks")
		v.refuse(len(e.Secrets) > 1 && !v.has("rbd-encryption-layering"), "librbd encryption layering is not supported by this QEMU binary")
		v.refuse(e.Format == "luks-any" && !v.has("rbd-encryption-luks-any"), "luks-any encryption is not supported by this QEMU binary")
	}
}
