package command

import (
	"virtree.dev/actors/qemu/caps"
	"virtree.dev/protocol/xml/domain"
)

// NodeNames are QEMU's names of the layers of an image, empty for a layer that it lacks.
type NodeNames struct {
	Storage, Slice, Format string
}

// NameNodes gives the names by which the command line calls the images of disks.
func NameNodes(d *domain.Domain, c *caps.Caps, env *Env) map[*domain.DiskSource]NodeNames {
	b := &builder{doc: d, caps: c, env: env}
	nodes, named := NumberNodes(d), map[*domain.DiskSource]NodeNames{}
	for _, disk := range d.Devices.Disks {
		for _, i := range b.chain(nodes, disk) {
			if nodes.Images[i.DiskSource] != 0 {
				named[i.DiskSource] = NodeNames{Storage: i.storage, Slice: i.slice, Format: i.format}
			}
		}
	}
	return named
}
