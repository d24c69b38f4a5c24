package validation

import (
	"virtree.dev/actors/qemu/caps"
	"virtree.dev/protocol/xml/domain"
)

// scsiModels are QEMU's SCSI controllers: their flag and how they are called when that is missing.
var scsiModels = map[string]struct {
	flag caps.Flag
	name string
}{
	"lsilogic":                {"lsi", "the LSI 53C895A SCSI controller"},
	"virtio-scsi":             {"virtio-scsi-pci", "virtio scsi controller"},
	"virtio-transitional":     {"virtio-scsi-pci", "virtio scsi controller"},
	"virtio-non-transitional": {"virtio-scsi-pci", "virtio scsi controller"},
	"lsisas1068":              {"mptsas1068", "the LSI SAS1068 (MPT Fusion) controller"},
	"lsisas1078":              {"megasas", "the LSI SAS1078 (MegaRAID) controller"},
	"vmpvscsi":                {"pvscsi", "the pvscsi (VMware paravirtual SCSI) controller"},
}

func (v *check) controller(c *domain.Controller) {
	if c.Type == "scsi" {
		v.scsiModel(c)
	}
	virtio := c.Type == "scsi" && oneOf(c.Model, "virtio-scsi", "virtio-transitional", "virtio-non-transitional")
	if r := &c.Driver; !virtio {
		v.refuse(r.Queues != 0, "'queues' is only supported by virtio-scsi controller")
		v.refuse(r.CmdPerLUN != 0, "'cmd_per_lun' is only supported by virtio-scsi controller")
		v.refuse(r.MaxSectors != 0, "'max_sectors' is only supported by virtio-scsi controller")
		v.refuse(r.IOEventFD.Given(), "'ioeventfd' is only supported by virtio-scsi controller")
		v.refuse(r.IOThread != 0, "'iothread' is only supported for virtio-scsi controller")
	}
	switch c.Type {
	case "ide":
		v.ideController(c)
	case "scsi":
		v.scsiController(c, virtio)
	case "pci":
		v.pciController(c)
	case "sata":
		builtin := c.Index == 0 && v.machine.Q35()
		v.refuse(!builtin && !v.has("ich9-ahci"), "SATA is not supported with this QEMU binary")
	}
}

func (v *check) scsiModel(c *domain.Controller) {
	if c.Model == "buslogic" {
		v.Unsupported("Unsupported controller model: %s", c.Model)
	}
	if m, ok := scsiModels[c.Model]; ok {
		v.refuse(!v.has(m.flag), "This QEMU doesn't support %s", m.name)
	}
}

func (v *check) ideController(c *domain.Controller) {
	switch builtin := v.machine.BuiltinIDE(); {
	case builtin && c.Index != 0:
		v.Unsupported("Only a single IDE controller is supported for this machine type")
	case !builtin:
		v.Unsupported("IDE controllers are unsupported for this QEMU binary or machine type")
	}
}

func (v *check) scsiController(c *domain.Controller, virtio bool) {
	switch {
	case virtio:
		v.scsiThreads(c)
	case c.Model == "ncr53c90":
		v.refuse(c.Index != 0, "ncr53c90 can only be used as first SCSI controller")
		v.refuse(!v.machine.BuiltinESP(), "ncr53c90 SCSI controller is not a built-in for this machine")
	}
}

func (v *check) scsiThreads(c *domain.Controller) {
	r := &c.Driver
	if r.IOThread == 0 && len(r.IOThreads) == 0 {
		return
	}
	v.refuse(!addressed(c, "pci", "ccw"), "virtio-scsi IOThreads only available for virtio pci and virtio ccw controllers")
	if len(r.IOThreads) > 0 {
		v.refuse(!v.has("virtio-scsi.iothread-mapping"),
			"IOThread mapping for virtio-scsi controllers is not available with this QEMU binary")
		v.threadMap(r.IOThreads, r.Queues)
	}
	v.refuse(r.IOThread > 0 && v.doc.IOThread(r.IOThread) == nil,
		"controller iothread '%d' not defined in iothreadid", r.IOThread)
}
