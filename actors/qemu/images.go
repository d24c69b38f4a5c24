package qemu

import (
	"syscall"

	"virtree.dev/actors/qemu/command"
	"virtree.dev/actors/qemu/images"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/virtype"
	xml "virtree.dev/protocol/xml/domain"
)

// prepareImages finds volumes in their pools and what images are built upon, and numbers
// all of them as QEMU will know them. Clients hear of disks that the guest does without.
func (d *Driver) prepareImages(def *xml.Domain) error {
	for _, find := range []func(*xml.Disk) error{
		func(disk *xml.Disk) error { return images.Translate(disk.Source, noPools{d.dirs.Privileged}) },
		func(disk *xml.Disk) error { return d.chainOf(def, disk.Source).determine() },
	} {
		dropped, err := images.Prepare(def, true, find)
		d.emitMissing(def, dropped)
		if err != nil {
			return err
		}
	}
	for source, number := range command.NumberNodes(def).Images {
		source.Index = number
	}
	return nil
}

func (d *Driver) chainOf(def *xml.Domain, top *xml.DiskSource) chain {
	return chain{top, func(s *xml.DiskSource) *syscall.Credential { return d.security.Viewer(def, s, top) }}
}

func (d *Driver) emitMissing(def *xml.Domain, dropped []images.Missing) {
	dom := remote.NonnullDomain{Name: def.Name, UUID: remote.UUID(def.UUID), ID: int32(def.ID)}
	for _, m := range dropped {
		reason := int32(virtype.DomainEventDiskDropMissingOnStart)
		if m.Drive {
			reason = virtype.DomainEventDiskChangeMissingOnStart
		}
		d.bus.Domain(dom, virtype.DomainEventIDDiskChange,
			&remote.DomainEventDiskChangeMsg{Dom: dom, OldSrcPath: &m.Path, DevAlias: m.Alias, Reason: reason})
	}
}

// noPools is until there is a storage driver.
type noPools struct{ privileged bool }

func (n noPools) Pool(string) (*images.Pool, error) {
	uri := "storage:///session"
	if n.privileged {
		uri = "storage:///system"
	}
	return nil, virerr.New(virerr.FromNone, virerr.NoConnect, "%s", uri)
}

func (n noPools) Volume(pool, _ string) (*images.Volume, error) {
	_, err := n.Pool(pool)
	return nil, err
}
