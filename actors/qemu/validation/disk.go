package validation

import (
	"maps"
	"strings"

	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/domain"
)

const (
	serialChars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_ .+"
	maxIOTune   = 1000000000000000
)

func (v *check) disk(k *domain.Disk) {
	v.frontend(k)
	v.ioTune(k)
	if k.Transient {
		v.transient(k)
	}
	v.refuse(k.Shareable && !k.ReadOnly && !raw(k.Source),
		"shared access for disk '%s' requires use of supported storage format", k.Target)
	v.refuse(k.Driver.Name != "" && k.Driver.Name != "qemu", "unsupported driver name '%s' for disk '%s'", k.Driver.Name, k.Target)
	v.target(k.Target)
	v.refuse(k.Driver.DiscardNoUnref.Given() && !v.has("qcow2-discard-no-unref"),
		"'discard_no_unref' is not supported by this QEMU binary")
	readonly := k.ReadOnly
	for s := k.Source; s != nil && s.Type != "none"; s = s.Backing {
		v.image(s, readonly)
		readonly = true
	}
	v.refuse(k.Bus == "sd" && k.Source.Encryption != nil && len(k.Source.Encryption.Secrets) > 1,
		"sd card '%s' does not support multiple encryption secrets", k.Target)
	switch t := k.Source.Type; t {
	case "vhostuser":
		v.refuse(!v.has("vhost-user-blk"), "%s disk is not supported with this QEMU binary", t)
		v.sharedMemory(t)
	case "vhostvdpa":
		v.refuse(!v.has("virtio-blk-vhost-vdpa"), "%s disk is not supported with this QEMU binary", t)
		v.sharedMemory(t)
		v.refuse(!oneOf(k.Driver.Cache, "directsync", "none"), "disk type '%s' requires cache mode '%s' or '%s'", t, "directsync", "none")
	}
}

// raw says whether QEMU sees the image's bytes as they are.
func raw(s *domain.DiskSource) bool {
	luks := s.Encryption != nil && s.Encryption.Engine == "qemu" && s.Encryption.Format == "luks"
	return s.Format == "raw" && !luks
}

func (v *check) target(name string) {
	number := strings.TrimLeft(strings.TrimLeft(name, "abcdefghijklmnopqrstuvwxyz"), "0")
	bad := domain.DiskIndex(name) < 0 || strings.HasSuffix(strings.TrimSuffix(name, number), "0") && number != ""
	v.refuse(bad, "invalid disk target '%s'", name)
	v.refuse(number != "", "invalid disk target '%s', partitions can't appear in disk targets", name)
}

// frontend checks what the guest sees of a disk.
func (v *check) frontend(k *domain.Disk) {
	v.geometry(k)
	if k.Serial != "" && k.Bus == "sd" {
		v.Internal("Serial property not supported for drive bus '%s'", k.Bus)
	}
	v.refuse(k.Device == "cdrom" && oneOf(k.Bus, "virtio", "sd"), "disk type of '%s' does not support ejectable media", k.Target)
	if k.Driver.CopyOnRead == domain.On {
		v.refuse(k.ReadOnly, "copy_on_read is not compatible with read-only disk '%s'", k.Target)
		v.refuse(oneOf(k.Device, "cdrom", "floppy"), "copy_on_read is not supported with removable disk '%s'", k.Target)
	}
	v.refuse(k.WWN != "" && !oneOf(k.Bus, "ide", "scsi"), "Only ide and scsi disk support wwn")
	v.refuse(k.Vendor != "" && k.Bus != "scsi", "Only scsi disk supports 'vendor'")
	v.refuse(k.Product != "" && !oneOf(k.Bus, "ide", "sata", "scsi"), "Only ide, sata and scsi disk supports 'product'")
	if k.Device == "lun" {
		v.lun(k)
	}
	v.rotation(k)
	v.diskBus(k)
	if k.ReadOnly && k.Device == "disk" {
		v.refuse(k.Bus == "ide", "readonly ide disks are not supported")
		v.refuse(k.Bus == "sata", "readonly sata disks are not supported")
	}
	v.refuse(k.Driver.IO == "native" && !oneOf(k.Driver.Cache, "directsync", "none"),
		"io='native' needs either no disk cache or directsync cache mode")
	v.refuse(k.Driver.IO == "io_uring" && !v.has("aio.io_uring"), "io uring is not supported by this QEMU binary")
	v.refuse(k.Serial != "" && k.Bus == "scsi" && k.Device == "lun", "scsi-block 'lun' devices do not support the serial property")
	if strings.Trim(k.Serial, serialChars) != "" || strings.ContainsFunc(k.Serial, unsafeInSerial) {
		v.Internal("driver serial '%s' contains unsafe characters", k.Serial)
	}
	v.diskThreads(k)
}

func unsafeInSerial(r rune) bool { return !strings.ContainsRune(serialChars, r) }

func (v *check) geometry(k *domain.Disk) {
	g := k.Geometry
	if g == nil || g.Cylinders == 0 || g.Heads == 0 || g.Sectors == 0 {
		return
	}
	v.refuse(oneOf(k.Bus, "usb", "sd"), "CHS geometry can not be set for '%s' bus", k.Bus)
	v.refuse(g.Translation != "" && k.Bus != "ide", "CHS translation mode can only be set for 'ide' bus not '%s'", k.Bus)
}

func (v *check) lun(k *domain.Disk) {
	switch k.Bus {
	case "scsi":
		v.refuse(!v.has("scsi-block"), "This QEMU doesn't support scsi-block for lun passthrough")
	case "virtio":
		v.refuse(!v.has("virtio-blk-pci.scsi"), "This QEMU doesn't support SCSI emulation with 'virtio-blk' device")
	default:
		v.Unsupported("disk device='lun' is not supported for bus='%s'", k.Bus)
	}
	v.refuse(k.Driver.CopyOnRead == domain.On, "copy_on_read is not compatible with 'lun' disk '%s'", k.Target)
	v.refuse(k.WWN != "", "Setting wwn is not supported for lun device")
	v.refuse(k.Vendor != "" || k.Product != "", "Setting vendor or product is not supported for lun device")
}

func (v *check) rotation(k *domain.Disk) {
	switch {
	case k.RotationRate == 0:
	case !oneOf(k.Bus, "scsi", "ide", "sata"):
		v.Internal("rotation rate is only valid for SCSI/IDE/SATA bus")
	case k.Device != "disk":
		v.Internal("rotation rate is only valid for disk device")
	case !v.has("rotation-rate"):
		v.Internal("rotation rate is not supported with this QEMU")
	}
}

func (v *check) diskBus(k *domain.Disk) {
	switch k.Bus {
	case "scsi", "ide", "fdc", "sata":
		if k.DeviceInfo.Address.Type != "drive" {
			v.Internal("unexpected address type for %s disk", k.Bus)
		}
	case "virtio":
		v.refuse(k.Driver.QueueSize > 0 && !v.has("virtio-blk.queue-size"), "queue-size property isn't supported by this QEMU binary")
	case "usb":
		v.refuse(!v.has("usb-storage"), "This QEMU doesn't support '-device usb-storage'")
		v.refuse(k.Source.Empty(), "'usb' disk must not be empty")
		if !addressed(k, "usb") {
			v.Internal("unexpected address type for usb disk")
		}
	}
}

func (v *check) ioTune(k *domain.Disk) {
	v.refuse(k.IOTuneGroup != "" && len(k.IOTune) == 0, "group_name can be configured only together with settings")
	v.refuse(k.Bus == "sd" && (k.IOTuneGroup != "" || len(k.IOTune) > 0), "<iotune> is not supported with bus='sd'")
	if k.IOTuneGroup != "" {
		for _, o := range v.doc.Devices.Disks {
			v.refuse(o.Target != k.Target && o.IOTuneGroup == k.IOTuneGroup && !maps.Equal(o.IOTune, k.IOTune),
				"different iotunes for disks %s and %s", k.Target, o.Target)
		}
	}
	for name, n := range k.IOTune {
		if n > maxIOTune && !strings.HasSuffix(name, "_length") {
			v.Keep(virerr.New(virerr.FromQEMU, virerr.ArgumentUnsupported,
				"block I/O throttle limit must be no more than %d using QEMU", int64(maxIOTune)))
		}
	}
}

func (v *check) transient(k *domain.Disk) {
	v.refuse(k.Source.Empty(), "transient disk '%s' must not be empty", k.Target)
	v.refuse(k.ReadOnly, "transient disk '%s' must not be read-only", k.Target)
	v.refuse(k.Source.Type != "file", "transient disk supported only with 'file' type (%s)", k.Target)
	v.refuse(k.Device != "disk", "transient disk supported only with 'disk' device (%s)", k.Target)
	if k.ShareBacking != domain.Yes {
		return
	}
	v.refuse(!v.has("set-action") && !restarts(v.doc),
		"transient disk backing image sharing with destroy action of lifecycle isn't supported by this QEMU binary")
	v.refuse(!oneOf(k.Bus, "usb", "virtio", "scsi"), "disk bus '%s' doesn't support transiend disk backing image sharing", k.Bus)
}
