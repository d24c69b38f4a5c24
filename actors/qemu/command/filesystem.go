package command

import (
	"fmt"

	"virtree.dev/protocol/xml/domain"
)

// securityModels are QEMU's names of the ways owners of files are told.
var securityModels = map[string]string{"mapped": "mapped", "passthrough": "passthrough", "squash": "none"}

// filesystems adds folders of the host that the guest sees.
func (b *builder) filesystems() {
	for _, f := range b.doc.Devices.Filesystems {
		switch f.Driver.Type {
		case "", "path", "handle":
			b.arg("-fsdev", fsdev(f))
			b.zpci(&f.DeviceInfo)
			p := b.virtioDevice("virtio-9p", f.Model, &f.DeviceInfo, &f.Driver.Virtio)
			p.Str("id", f.Alias).Str("fsdev", "fsdev-"+f.Alias).Str("mount_tag", f.Target)
			b.addressProps(p, &f.DeviceInfo)
			b.device(p)
		case "virtiofs":
			b.virtiofs(f)
		case "mtp":
			p := props("driver", "usb-mtp", "id", f.Alias, "rootdir", f.Source, "desc", f.Target).Bool("readonly", f.ReadOnly)
			b.addressProps(p, &f.DeviceInfo)
			b.device(p)
		}
	}
}

func fsdev(f *domain.Filesystem) string {
	o := &optionList{}
	if o.WriteString("local"); f.Driver.Type == "handle" {
		o.Reset()
		o.WriteString("handle")
	} else {
		o.add("security_model", securityModels[f.AccessMode])
		o.add("multidevs", f.Multidevs)
		o.add("fmode", octal(f.FMode))
		o.add("dmode", octal(f.DMode))
	}
	o.add("writeout", f.Driver.WRPolicy)
	o.add("id", "fsdev-"+f.Alias)
	o.WriteString(",path=" + escape(f.Source))
	if f.ReadOnly {
		o.WriteString(",readonly=on")
	}
	return o.String()
}

func octal(mode uint) string {
	if mode == 0 {
		return ""
	}
	return fmt.Sprintf("%04o", mode)
}

// VirtiofsSocket is where the daemon of a virtiofs listens, of which the document does not say it is another's.
func VirtiofsSocket(libDir string, f *domain.Filesystem) string {
	if f.Socket != "" {
		return f.Socket
	}
	return libDir + "/" + f.Alias + "-fs.sock"
}

func (b *builder) virtiofs(f *domain.Filesystem) {
	chardev := "chr-vu-" + f.Alias
	b.chardev(&domain.ChardevSource{Type: "unix", Path: VirtiofsSocket(b.env.LibDir, f)}, chardev)
	b.zpci(&f.DeviceInfo)
	p := b.virtioDevice("vhost-user-fs", f.Model, &f.DeviceInfo, &f.Driver.Virtio)
	p.Str("id", f.Alias).Str("chardev", chardev).OptUint("queue-size", f.Driver.Queue)
	p.Str("tag", f.Target).OptUint("bootindex", uint64(f.Boot))
	b.addressProps(p, &f.DeviceInfo)
	b.device(p)
}
