package domain

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"virtree.dev/protocol/xml/xmlout"
	"virtree.dev/protocol/xml/xmltree"
)

const maxFileMode = 0o777

var (
	filesystemTypes     = []string{"mount", "block", "file", "template", "ram", "bind", "volume"}
	filesystemDrivers   = []string{"default", "path", "handle", "loop", "nbd", "ploop", "virtiofs", "mtp"}
	filesystemAccess    = []string{"passthrough", "mapped", "squash"}
	filesystemPolicies  = []string{"default", "immediate"}
	filesystemMultidevs = []string{"default", "remap", "forbid", "warn"}
	filesystemCaches    = []string{"none", "always"}
	filesystemSandboxes = []string{"namespace", "chroot"}
	// filesystemSources are the attributes of <source> by type.
	filesystemSources = map[string]string{
		"mount": "dir", "bind": "dir", "file": "file", "block": "dev", "template": "name",
	}
)

func (p *parser) filesystem(n *xmltree.Node) *Filesystem {
	f := &Filesystem{Type: "mount"}
	if v := p.Enum(n, "type", filesystemTypes, xmltree.Optional); v != "" {
		f.Type = v
	}
	f.AccessMode = p.Enum(n, "accessmode", filesystemAccess, xmltree.Optional)
	f.FMode, f.DMode = p.fileMode(n, "fmode"), p.fileMode(n, "dmode")
	f.Model = p.Enum(n, "model", virtioModels[1:], xmltree.Optional)
	f.Multidevs = unset(p.Enum(n, "multidevs", filesystemMultidevs, xmltree.Optional), "default")
	f.HardLimit = p.byteLimit(n, "space_hard_limit")
	f.SoftLimit = p.byteLimit(n, "space_soft_limit")
	f.Target = n.Child("target").Get("dir")
	f.ReadOnly = n.Child("readonly") != nil
	p.filesystemDriver(n.Child("driver"), f)
	if f.Driver.Type == "virtiofs" {
		p.virtioFS(n, f)
	}
	p.filesystemSource(n.Child("source"), f)
	p.info(n, &f.DeviceInfo, withBoot)
	return f
}

func (p *parser) fileMode(n *xmltree.Node, name string) uint {
	v, _ := p.Uint(n, name, 8, xmltree.Optional)
	if v > maxFileMode {
		p.XMLError("invalid %s: '0%o'", name, v)
	}
	return v
}

func (p *parser) byteLimit(n *xmltree.Node, name string) uint64 {
	c := n.Child(name)
	v, _ := p.scaled(c.Content(), c.Get("unit"), "./"+name+"[1]", 1, math.MaxUint64, false)
	return v
}

func (p *parser) filesystemDriver(n *xmltree.Node, f *Filesystem) {
	if n == nil {
		return
	}
	d := &f.Driver
	d.Type = unset(p.Enum(n, "type", filesystemDrivers, xmltree.Optional), "default")
	d.WRPolicy = unset(p.Enum(n, "wrpolicy", filesystemPolicies, xmltree.Optional), "default")
	if d.Format = n.Get("format"); n.Has("format") && (d.Format == "none" || !slices.Contains(StorageFormats, d.Format)) {
		p.Unsupported("unknown driver format value '%s'", d.Format)
	}
	p.virtio(n, &d.Virtio)
}

func (p *parser) virtioFS(n *xmltree.Node, f *Filesystem) {
	queue := n.Child("driver").Get("queue")
	f.Driver.Queue = p.number(queue, 64, func() { p.XMLError("cannot parse queue size '%s' for virtiofs", queue) })
	b := n.Child("binary")
	f.Binary.Path = SanitizePath(b.Get("path"))
	if size := b.Child("thread_pool").Get("size"); size != "" {
		v, ok := xmltree.ParseInt(size, 10, 32)
		if !ok {
			p.XMLError("cannot parse thread pool size '%s' for virtiofs", size)
		}
		threads := int(v)
		f.Binary.ThreadPool = &threads
	}
	files := b.Child("openfiles").Get("max")
	f.Binary.OpenFiles = p.number(files, 64, func() { p.XMLError("cannot parse openfiles '%s' for virtiofs", files) })
	f.Binary.XAttr = p.OnOff(b, "xattr")
	lock := b.Child("lock")
	f.Binary.LockPOSIX, f.Binary.Flock = p.OnOff(lock, "posix"), p.OnOff(lock, "flock")
	f.Binary.Cache = p.Enum(b.Child("cache"), "mode", filesystemCaches, xmltree.Optional)
	f.Binary.Sandbox = p.Enum(b.Child("sandbox"), "mode", filesystemSandboxes, xmltree.Optional)
	p.idMap(n.Child("idmap"), &f.IDMap)
}

func (p *parser) filesystemSource(n *xmltree.Node, f *Filesystem) {
	f.Socket = n.Get("socket")
	switch attr := filesystemSources[f.Type]; {
	case attr != "":
		if f.Source = n.Get(attr); !n.Has(attr) && f.Socket == "" {
			p.NoSource(f.Target)
		}
	case f.Type == "volume":
		f.Pool, f.Volume = n.Get("pool"), n.Get("volume")
		if n != nil && (f.Pool == "" || f.Volume == "") {
			p.XMLError("'pool' and 'volume' must be specified together for 'pool' type source")
		}
	default:
		p.ramUsage(n, f)
	}
}

func (p *parser) ramUsage(n *xmltree.Node, f *Filesystem) {
	usage, ok := n.Attr("usage")
	if !ok {
		p.XMLError("missing 'usage' attribute for RAM filesystem")
		return
	}
	v := p.number(usage, 64, func() { p.XMLError("cannot parse usage '%s' for RAM filesystem", usage) })
	f.Usage = p.ScaleBytes(v, n.Get("units"), 1024, math.MaxUint64)
}

func formatFilesystem(w *xmlout.Writer, f *Filesystem) {
	w.Start("filesystem")
	w.Attr("type", f.Type)
	w.OptAttr("accessmode", f.AccessMode)
	w.OptAttr("model", f.Model)
	w.OptAttr("multidevs", f.Multidevs)
	if f.FMode != 0 {
		w.Attr("fmode", fmt.Sprintf("%04o", f.FMode))
	}
	if f.DMode != 0 {
		w.Attr("dmode", fmt.Sprintf("%04o", f.DMode))
	}
	formatFilesystemDriver(w, f)
	formatIDMap(w, &f.IDMap)
	formatFilesystemSource(w, f)
	w.AttrElem("target", "dir", f.Target)
	if f.ReadOnly {
		w.Empty("readonly")
	}
	formatInfo(w, &f.DeviceInfo, withBoot)
	if f.HardLimit != 0 {
		w.SizeElem("space_hard_limit", "bytes", f.HardLimit)
	}
	if f.SoftLimit != 0 {
		w.SizeElem("space_soft_limit", "bytes", f.SoftLimit)
	}
	w.EndFull()
}

func formatFilesystemDriver(w *xmlout.Writer, f *Filesystem) {
	w.Start("driver")
	if d := &f.Driver; d.Type != "" {
		w.Attr("type", d.Type)
		w.OptAttr("format", d.Format)
		w.OptAttr("wrpolicy", d.WRPolicy)
		w.OptUintAttr("queue", d.Queue)
	}
	formatVirtio(w, &f.Driver.Virtio)
	w.EndOrDrop()
	if f.Driver.Type != "virtiofs" {
		return
	}
	b := &f.Binary
	w.Start("binary")
	w.OptAttr("path", b.Path)
	w.OptAttr("xattr", b.XAttr.OnOff())
	w.AttrElem("cache", "mode", b.Cache)
	w.AttrElem("sandbox", "mode", b.Sandbox)
	w.Start("lock")
	w.OptAttr("posix", b.LockPOSIX.OnOff())
	w.OptAttr("flock", b.Flock.OnOff())
	w.EndOrDrop()
	if b.ThreadPool != nil && *b.ThreadPool >= 0 {
		w.AttrElem("thread_pool", "size", strconv.Itoa(*b.ThreadPool))
	}
	if b.OpenFiles > 0 {
		w.AttrElem("openfiles", "max", strconv.FormatUint(b.OpenFiles, 10))
	}
	w.EndOrDrop()
}

func formatFilesystemSource(w *xmlout.Writer, f *Filesystem) {
	switch attr := filesystemSources[f.Type]; {
	case attr == "dir" && f.Socket != "":
		w.AttrElem("source", "socket", f.Socket)
	case attr != "":
		w.AttrElem("source", attr, f.Source)
	case f.Type == "volume":
		w.Start("source")
		w.OptAttr("pool", f.Pool)
		w.OptAttr("volume", f.Volume)
		w.End()
	default:
		w.Start("source")
		w.UintAttr("usage", f.Usage/1024)
		w.Attr("units", "KiB")
		w.End()
	}
}
