package command

import (
	"strings"

	"virtree.dev/protocol/xml/domain"
)

var (
	usbInputs    = map[string]string{"mouse": "usb-mouse", "tablet": "usb-tablet", "keyboard": "usb-kbd"}
	virtioInputs = map[string]string{
		"mouse": "virtio-mouse", "tablet": "virtio-tablet", "keyboard": "virtio-keyboard", "passthrough": "virtio-input-host",
	}
)

func (b *builder) inputs() {
	for _, i := range b.doc.Devices.Inputs {
		b.zpci(&i.DeviceInfo)
		switch {
		case i.Type == "evdev":
			p := props("qom-type", "input-linux", "id", i.Alias, "evdev", i.Evdev).Switch("repeat", i.Repeat)
			if i.Grab == "all" {
				p.Bool("grab_all", true)
			}
			b.object(p.OptStr("grab-toggle", i.GrabToggle))
		case i.Bus == "usb":
			p := props("driver", usbInputs[i.Type], "id", i.Alias)
			b.addressProps(p, &i.DeviceInfo)
			b.device(p)
		case i.Bus == "virtio":
			p := b.virtioDevice(virtioInputs[i.Type], i.Model, &i.DeviceInfo, &i.Virtio).Str("id", i.Alias)
			if i.Type == "passthrough" {
				p.OptStr("evdev", i.Evdev)
			}
			b.addressProps(p, &i.DeviceInfo)
			b.device(p)
		}
	}
}

// tpmChardev is the one connection to an emulated TPM that a machine can have.
const tpmChardev = "chrtpm"

func (b *builder) tpms() {
	for _, t := range b.doc.Devices.TPMs {
		if t.Model == "spapr-tpm-proxy" {
			b.device(props("driver", t.Model, "id", t.Alias, "host-path", t.Device))
			continue
		}
		o := &optionList{}
		switch t.Backend {
		case "passthrough":
			tpm := b.passTPM(t, "-tpm", t.Device)
			cancel := b.passTPM(t, "-cancel", tpmCancel(t.Device))
			o.WriteString("passthrough,id=tpm-" + t.Alias)
			o.add("path", tpm)
			o.add("cancel-path", cancel)
		default:
			source := t.Socket
			if source == nil {
				source = &domain.ChardevSource{Type: "unix", Path: b.env.TPMSocket}
			}
			b.chardev(source, tpmChardev)
			o.WriteString("emulator,id=tpm-" + t.Alias + ",chardev=" + tpmChardev)
		}
		b.arg("-tpmdev", o.String())
		model := t.Model
		if model == "tpm-tis" && !b.machine.X86() {
			model = "tpm-tis-device"
		}
		p := props("driver", model, "tpmdev", "tpm-"+t.Alias, "id", t.Alias)
		b.addressProps(p, &t.DeviceInfo)
		b.device(p)
	}
}

func (b *builder) passTPM(t *domain.TPM, suffix, path string) string {
	kind := "tpm"
	if suffix == "-cancel" {
		kind = "cancel"
	}
	return b.passFile(kind, chardevSpec{device: t.Alias}, path, domain.Absent, suffix)
}

// tpmCancel is the file by which the kernel ends a command of a TPM.
func tpmCancel(device string) string {
	name := device[strings.LastIndexByte(device, '/')+1:]
	return "/sys/class/tpm/" + name + "/device/cancel"
}
