package command

import (
	"fmt"

	"virtree.dev/protocol/xml/domain"
)

// maxNodeName is what QEMU has room for.
const maxNodeName = 31

// formatDrivers are QEMU's names of formats where they differ or need nothing else.
var formatDrivers = map[string]string{
	"fat": "raw", "raw": "raw", "ploop": "parallels", "vhd": "vhdx", "bochs": "bochs", "cloop": "cloop",
	"dmg": "dmg", "vdi": "vdi", "vpc": "vpc", "qed": "qed", "vmdk": "vmdk", "qcow": "qcow", "qcow2": "qcow2",
}

// layered are the formats whose images can be based on another.
var layered = map[string]bool{"cow": true, "qcow": true, "qcow2": true, "qed": true, "vmdk": true}

// blockdevs adds the layers of an image, based on the given one when it is not nil.
func (b *builder) blockdevs(i, backing *image) {
	b.imageObjects(i)
	b.passImage(i)
	effective := i.format == ""
	b.blockdev(b.storageProps(i, effective && i.slice == ""))
	if i.slice != "" {
		p := props("driver", "raw", "file", i.storage)
		p.Uint("offset", i.Slice.Offset).Uint("size", i.Slice.Size)
		b.layerProps(p, i, i.slice, effective)
		b.blockdev(p)
	}
	if i.format != "" {
		b.blockdev(b.formatProps(i, backing))
	}
}

// chainBlockdevs adds a chain given from the top down, the deepest image first.
func (b *builder) chainBlockdevs(chain []*image) {
	byOwner := map[*domain.DiskSource]*image{}
	for _, i := range chain {
		byOwner[i.DiskSource] = i
	}
	for at := len(chain) - 1; at >= 0; at-- {
		b.blockdevs(chain[at], byOwner[chain[at].Backing])
	}
}

// cacheMode is a disk's way of caching; disks that are shared cannot be cached.
func cacheMode(d *domain.Disk) string {
	if d.Driver.Cache == "" && d.Shareable && !d.ReadOnly && d.Source.Type != "vhostuser" {
		return "none"
	}
	return d.Driver.Cache
}

// detectZeroes is a disk's way with zeros; unmapping them needs discards.
func detectZeroes(d *domain.Disk) string {
	if d.Driver.DetectZeroes == "unmap" && d.Driver.Discard != "unmap" {
		return "on"
	}
	return d.Driver.DetectZeroes
}

// layerProps adds what all layers share: the guest's wishes go to the effective one, the uppermost.
func (b *builder) layerProps(p *Props, i *image, node string, effective bool) {
	if len(node) > maxNodeName {
		b.internal("node-name '%s' too long for qemu", node)
	}
	p.Str("node-name", node)
	switch count, writable, given := b.fdGroup(i); {
	case effective:
		p.Bool("read-only", i.readOnly)
		if i.disk != nil {
			p.OptStr("discard", i.disk.Driver.Discard)
			if i.top {
				p.OptStr("detect-zeroes", detectZeroes(i.disk))
			}
		}
	case given && count == 1:
		p.Bool("read-only", i.readOnly && !writable).Str("discard", "unmap")
	default:
		p.Bool("auto-read-only", true).Str("discard", "unmap")
	}
	if i.disk == nil {
		return
	}
	if mode := cacheMode(i.disk); mode != "" {
		cache := &Props{}
		cache.Bool("direct", mode == "none" || mode == "directsync").Bool("no-flush", mode == "unsafe")
		p.Obj("cache", cache)
	}
}

// formatProps describes the layer that knows the format.
func (b *builder) formatProps(i, backing *image) *Props {
	p, format := &Props{}, i.diskFormat()
	if backing != nil && !layered[format] {
		b.unsupported("storage format '%s' does not support backing store", format)
	}
	b.layerProps(p, i, i.format, true)
	switch driver := formatDrivers[format]; {
	case driver == "":
		b.internal("mishandled storage format '%s'", orNone(format))
	case i.luks():
		b.luksProps(p, i)
	default:
		p.Str("driver", driver)
	}
	if format == "qcow" || format == "qcow2" {
		b.cryptoProps(p, i)
	}
	if format == "qcow2" {
		b.qcow2Props(p, i)
	}
	p.Str("file", i.data())
	switch {
	case i.Backing == nil || !layered[format]:
	case backing != nil:
		p.Str("backing", backing.node())
	default: // the chain ends here, QEMU must not look for more
		p.Add("backing", nil)
	}
	return p
}

func orNone(format string) string {
	if format == "" {
		return "none"
	}
	return format
}

func (b *builder) luksProps(p *Props, i *image) {
	if len(i.Encryption.Secrets) == 0 {
		b.internal("missing secret info for 'luks' driver")
	}
	p.Str("driver", "luks").Str("key-secret", secretAlias(i.encryptionAlias(), "encryption", 0))
}

func (b *builder) cryptoProps(p *Props, i *image) {
	e := i.Encryption
	if e == nil || e.Engine == "librbd" || len(e.Secrets) == 0 {
		return
	}
	format := e.Format
	if format == "qcow" {
		format = "aes"
	}
	p.Obj("encrypt", props("format", format, "key-secret", secretAlias(i.encryptionAlias(), "encryption", 0)))
}

func (b *builder) qcow2Props(p *Props, i *image) {
	p.OptUint("cache-size", i.MetadataCacheMax)
	if i.disk != nil {
		p.Switch("discard-no-unref", i.disk.Driver.DiscardNoUnref)
	}
	if i.Data != nil && i.disk != nil {
		data := b.image(NumberNodes(b.doc), i.disk, i.Data)
		p.Str("data-file", data.node())
	}
}

// fdGroup tells about the descriptors an image is read through.
func (b *builder) fdGroup(i *image) (count int, writable, given bool) {
	if i.FDGroup == "" || b.env.Storage.Group == nil {
		return 0, false, false
	}
	return b.env.Storage.Group(i.FDGroup)
}

// passImage hands over the descriptors of an image.
func (b *builder) passImage(i *image) {
	if i.fdset == "" {
		return
	}
	set := i.fdset[len("/dev/fdset/"):]
	if i.kind() == "vhostvdpa" {
		b.addFD(set, Pass{Kind: "vdpa", Path: i.Path, Alias: i.storage}, i.storage+"-vdpa")
		return
	}
	count, _, _ := b.fdGroup(i)
	for at := range count {
		b.addFD(set, Pass{Kind: "disk", Path: i.FDGroup, Alias: i.storage, Index: at}, fmt.Sprintf("%s%d", i.storage, at))
	}
}

func (b *builder) addFD(set string, what Pass, opaque string) {
	if b.env.Pass == nil {
		b.internal("no descriptors to pass")
		return
	}
	fd, err := b.env.Pass(what)
	if err != nil {
		b.fail(err)
		return
	}
	b.arg("-add-fd", fmt.Sprintf("set=%s,fd=%d,opaque=%s", set, fd, opaque))
}
