package qemu

import (
	"fmt"
	"path/filepath"
	"slices"

	"virtree.dev/actors/qemu/command"
	xml "virtree.dev/protocol/xml/domain"
	"virtree.dev/protocol/xml/domstatus"
	"virtree.dev/protocol/xml/xmltree"
)

// newStatus describes a machine that is about to be made.
func (s *starter) newStatus() *domstatus.Status {
	f := s.drv.files
	nodes := command.NumberNodes(s.def)
	lib := f.libDir(s.def.ID, s.def.Name)
	return &domstatus.Status{
		Monitor:          &domstatus.Monitor{Path: filepath.Join(lib, "monitor.sock"), Type: "unix"},
		LibDir:           lib,
		CPU:              s.askedCPU,
		Numad:            s.advice.status(),
		ChannelTargetDir: f.channelDir(s.def.ID, s.def.Name),
		MemoryBackingDir: f.memory(s.def.ID, s.def.Name),
		AgentTimeout:     domstatus.AgentBlocks,
		RememberOwner:    s.drv.security.Remember,
		ChardevStdioLogd: s.drv.stdio.ByLogd(),
		QEMUCaps:         s.caps.StatusFlags(),
		NodenameIndex:    uint64(nodes.Last),
		FDSetIndex:       uint(len(nodes.Sets)),
		Domain:           s.def,
	}
}

// nameParts notes in a document what QEMU will call its images and disks: whoever takes the
// machine over could not know it.
func (s *starter) nameParts() {
	env := &command.Env{Storage: command.Storage{Group: s.drv.groups.describe(s.def.UUID)}}
	for source, names := range command.NameNodes(s.def, s.caps, env) {
		list := element("nodenames")
		for _, part := range []struct{ kind, name string }{
			{"storage", names.Storage}, {"slice-storage", names.Slice}, {"format", names.Format},
		} {
			if part.name != "" {
				add(list, element("nodename", "type", part.kind, "name", part.name))
			}
		}
		source.Private = add(element("privateData"), list)
	}
	filters := command.NumberNodes(s.def).Filters
	for _, disk := range s.def.Devices.Disks {
		name := qomName(disk)
		if name == "" {
			continue
		}
		private := add(element("privateData"), element("qom", "name", name))
		if len(filters[disk]) > 0 {
			list := element("nodenames")
			for i, group := range disk.ThrottleNames {
				node := fmt.Sprintf("libvirt-%d-filter", filters[disk][i])
				add(list, element("nodename", "type", "throttle-filter", "name", node, "group", group))
			}
			add(private, list)
		}
		disk.Private = private
	}
}

// qomName is what QEMU's answers call a disk.
func qomName(disk *xml.Disk) string {
	switch disk.Bus {
	case "fdc", "ide", "sata", "scsi":
		return disk.Alias
	case "virtio":
		return "/machine/peripheral/" + disk.Alias + "/virtio-backend"
	case "usb":
		return "/machine/peripheral/" + disk.Alias + "/" + disk.Alias + ".0/legacy[0]"
	}
	return ""
}

// element makes a node with attributes, names and values by turns.
func element(name string, attrs ...string) *xmltree.Node {
	n := &xmltree.Node{Name: name}
	for pair := range slices.Chunk(attrs, 2) {
		n.Attrs = append(n.Attrs, xmltree.Attr{Name: pair[0], Value: pair[1]})
	}
	return n
}

func add(parent, child *xmltree.Node) *xmltree.Node {
	child.Parent = parent
	parent.Nodes = append(parent.Nodes, child)
	return parent
}
