package defaults

import (
	"slices"
	"strings"

	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/domain"
)

// board is what a machine has without being asked.
type board struct {
	usb              bool
	usbModel         string // empty: chosen with the controller's other defaults
	sata             bool
	root             string // model of PCI controller 0
	balloon          bool
	usbInput         bool // keyboard and mouse, where there is a display
	panicDevice      bool
	itco, intelIOMMU bool
}

func (a *applier) board() board {
	m := a.machine
	switch {
	case m.X86():
		return a.pc()
	case m.ARM():
		return a.arm()
	case m.PPC64():
		return board{usb: true, root: "pci-root", balloon: true, usbInput: true, panicDevice: m.PSeries()}
	case slices.Contains([]string{"alpha", "ppc", "ppcemb", "sh4", "sh4eb", "sparc64"}, m.Arch):
		return board{usb: true, root: "pci-root", balloon: true}
	case m.RISCV():
		return board{balloon: true, root: when(m.RISCVVirt(), "pcie-root")}
	case m.S390():
		return board{balloon: true, panicDevice: true, root: when(a.binary.Has("zpci"), "pci-root")}
	case m.MIPS():
		return board{usb: true, balloon: true, root: when(m.MIPSMalta(), "pci-root")}
	case m.LoongArch():
		return board{root: "pcie-root"}
	}
	return board{}
}

func when(yes bool, v string) string {
	if yes {
		return v
	}
	return ""
}

func (a *applier) pc() board {
	b := board{balloon: true}
	switch {
	case a.machine.ISAPC():
	case a.machine.Q35():
		b.root, b.sata, b.itco = "pcie-root", true, true
		b.intelIOMMU = a.needsEIM()
		b.usbModel = a.q35USB()
		b.usb = b.usbModel != ""
	default:
		b.usb = true
		b.root = when(a.machine.I440FX(), "pci-root")
	}
	return b
}

func (a *applier) q35USB() string {
	for _, c := range []struct{ flag, model string }{
		{"qemu-xhci", "qemu-xhci"}, {"nec-usb-xhci", "nec-xhci"}, {"ich9-usb-ehci1", "ich9-ehci1"},
	} {
		if a.has(c.flag) {
			return c.model
		}
	}
	return ""
}

func (a *applier) arm() board {
	b := board{root: when(a.machine.ARMVirt(), "pcie-root")}
	if a.machine.Name == "versatilepb" {
		b.root = "pci-root"
	}
	if a.machine.Name == "versatilepb" || strings.HasPrefix(a.machine.Name, "realview") {
		b.usb, b.usbModel = true, "pci-ohci"
	}
	return b
}

// addDevices adds what the board has and the document does not name.
func (a *applier) addDevices() error {
	a.addPS2()
	b := a.board()
	d := a.doc
	if b.usb && d.Controller("usb", 0) == nil {
		a.addUSB(b.usbModel)
	}
	if b.sata && d.Controller("sata", 0) == nil {
		d.InsertController(&domain.Controller{Type: "sata"})
	}
	if err := a.addRoot(b.root); err != nil {
		return err
	}
	if b.balloon && d.Devices.Memballoon == nil {
		d.Devices.Memballoon = &domain.Memballoon{Model: "virtio"}
	}
	if b.usbInput && len(d.Devices.Graphics) > 0 {
		a.addUSBInput()
	}
	if b.panicDevice {
		a.addPanic()
	}
	if b.itco {
		a.addITCO()
	}
	if b.intelIOMMU && d.Devices.IOMMU == nil && a.binary.Has("intel-iommu", "intel-iommu.intremap", "intel-iommu.eim") {
		d.Devices.IOMMU = &domain.IOMMU{Model: "intel", IntRemap: domain.On, EIM: domain.On}
	}
	return a.addAudio()
}

func (a *applier) addInput(typ, bus string) {
	for _, i := range a.doc.Devices.Inputs {
		if i.Type == typ && i.Bus == bus {
			return
		}
	}
	a.doc.Devices.Inputs = append(a.doc.Devices.Inputs, &domain.Input{Type: typ, Bus: bus})
}

func (a *applier) addPS2() {
	if a.has("i8042") && a.machine.PS2() && a.doc.Features.PS2 != domain.Off {
		a.addInput("mouse", "ps2")
		a.addInput("keyboard", "ps2")
	}
}

// addUSBInput leaves the mouse out where there is a tablet, which points better.
func (a *applier) addUSBInput() {
	a.addInput("keyboard", "usb")
	for _, i := range a.doc.Devices.Inputs {
		if i.Type == "tablet" && i.Bus == "usb" {
			return
		}
	}
	a.addInput("mouse", "usb")
}

func (a *applier) addUSB(model string) {
	a.doc.InsertController(&domain.Controller{Type: "usb", Model: model})
	if model != "ich9-ehci1" {
		return
	}
	for i, companion := range []string{"ich9-uhci1", "ich9-uhci2", "ich9-uhci3"} {
		port := uint(2 * i)
		c := &domain.Controller{Type: "usb", Model: companion}
		c.Master = &port
		a.doc.InsertController(c)
	}
}

func (a *applier) addRoot(model string) error {
	if model == "" {
		return nil
	}
	c := a.doc.Controller("pci", 0)
	if c == nil {
		a.doc.InsertController(&domain.Controller{Type: "pci", Model: model})
		return nil
	}
	if c.Model != model {
		found := c.Model
		if found == "" {
			found = "(null)"
		}
		return virerr.New(virerr.FromQEMU, virerr.XMLError,
			"The PCI controller with index='0' must be model='%s' for this machine type, but model='%s' was found instead", model, found)
	}
	return nil
}

func (a *applier) panicModel() string {
	switch m := a.machine; {
	case m.PSeries():
		return "pseries"
	case m.S390():
		return "s390"
	case m.X86():
		return "isa"
	case m.ARMVirt():
		return "pvpanic"
	}
	return ""
}

func (a *applier) addPanic() {
	for _, p := range a.doc.Devices.Panics {
		if p.Model == "" || p.Model == a.panicModel() {
			return
		}
	}
	a.doc.Devices.Panics = append(a.doc.Devices.Panics, &domain.Panic{})
}

// addITCO names the watchdog that is in the chipset; all watchdogs share one action.
func (a *applier) addITCO() {
	action := "reset"
	for i, w := range a.doc.Devices.Watchdogs {
		if w.Model == "itco" {
			return
		}
		if i == 0 {
			action = w.Action
		}
	}
	a.doc.Devices.Watchdogs = append(a.doc.Devices.Watchdogs, &domain.Watchdog{Model: "itco", Action: action})
}

// addAudio gives a machine without <audio> the backend that follows from its displays.
func (a *applier) addAudio() error { return addAudio(a.doc, a.host) }

func addAudio(d *domain.Domain, h *Host) error {
	if len(d.Devices.Audios) > 0 {
		return nil
	}
	audio, err := Audio(d, h)
	if audio != nil {
		d.Devices.Audios = append(d.Devices.Audios, audio)
	}
	return err
}

// Audio is the backend that a machine without <audio> gets; nil where it gets none.
func Audio(d *domain.Domain, h *Host) (*domain.Audio, error) {
	backend, add, passthrough := "none", false, false
	for _, g := range d.Devices.Graphics {
		switch g.Type {
		case "vnc":
			add, passthrough = true, h.VNCAudio
			if !passthrough {
				backend = "none"
			}
		case "spice":
			backend, add, passthrough = "spice", true, false
		case "sdl":
			add, passthrough = true, true
		}
	}
	if len(d.Devices.Graphics) == 0 {
		add, passthrough = true, h.NoGraphicsAudio
	}
	if passthrough {
		if h.AudioDriver == "" {
			return nil, nil
		}
		var err error
		if backend, err = audioBackend(h.AudioDriver); err != nil {
			return nil, err
		}
	}
	if !add {
		return nil, nil
	}
	audio := &domain.Audio{ID: 1, Type: backend}
	if backend == "sdl" {
		audio.Driver = h.SDLDriver
	}
	return audio, nil
}

// audioBackend translates QEMU's name of an audio driver.
func audioBackend(name string) (string, error) {
	switch name {
	case "pa":
		return "pulseaudio", nil
	case "wav":
		return "file", nil
	case "none", "alsa", "coreaudio", "jack", "oss", "sdl", "spice", "dbus", "pipewire":
		return name, nil
	}
	return "", virerr.New(virerr.FromQEMU, virerr.ConfigUnsupported, "unknown QEMU_AUDIO_DRV setting %s", name)
}
