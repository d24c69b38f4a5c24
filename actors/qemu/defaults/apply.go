package defaults

import (
	"virtree.dev/actors/qemu/address"
	"virtree.dev/actors/qemu/caps"
	"virtree.dev/actors/qemu/firmware"
	"virtree.dev/actors/qemu/machine"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/domain"
)

// Options tell where the document comes from.
type Options struct {
	// ABIUpdate is for a document that is being defined or started now: defaults
	// may change what the guest sees.
	ABIUpdate bool
	// Inactive is for the definition of a machine, not for its running state.
	Inactive bool
}

// Host is what depends on the host and on qemu.conf.
type Host struct {
	Emulator   func(arch string) string // path of the default binary, empty when there is none
	Firmware   firmware.Host
	PCI        address.Host
	Processor  caps.Processor // the host's; nil when it is not known
	ChannelDir string         // below which channels without a path get their sockets
	LibDir     string
	NVRAMDir   string
	// VNCAudio and NoGraphicsAudio let a machine use the host's audio, as QEMU_AUDIO_DRV says.
	VNCAudio, NoGraphicsAudio bool
	AudioDriver, SDLDriver    string // QEMU_AUDIO_DRV, SDL_AUDIODRIVER
}

// applier works on one document.
type applier struct {
	doc     *domain.Domain
	binary  *caps.Caps
	host    *Host
	opts    Options
	machine machine.Type
}

// Emulator gives a document without one the default binary of its architecture.
// It comes before Apply, which needs to know what the binary can do.
func Emulator(d *domain.Domain, h *Host) error {
	if d.Devices.Emulator != "" {
		return nil
	}
	if d.Devices.Emulator = h.Emulator(d.OS.Arch); d.Devices.Emulator == "" {
		return virerr.New(virerr.FromQEMU, virerr.ConfigUnsupported, "No emulator found for arch '%s'", d.OS.Arch)
	}
	return nil
}

// Apply completes a document that has been parsed without post-parsing.
func Apply(d *domain.Domain, binary *caps.Caps, h *Host, o Options) error {
	a := &applier{doc: d, binary: binary, host: h, opts: o}
	d.AssignControllerIndexes()
	steps := []func() error{
		a.chooseMachine,
		quiet(a.dropACPI),
		a.fillFirmware,
		a.addDevices,
		a.chooseCPU,
		quiet(a.enableFeatures),
		quiet(a.forgetOldSockets),
		a.checkVCPUs,
		a.finishCPU,
		a.checkTSEG,
		a.completeNUMA,
		d.AssignISASerialPorts,
		a.completeDevices,
		a.assignAddresses,
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func quiet(f func()) func() error { return func() error { f(); return nil } }

func (a *applier) chooseMachine() error {
	d := a.doc
	if d.OS.Machine == "" {
		if d.OS.Machine = a.binary.Preferred(d.Type); d.OS.Machine == "" {
			return virerr.New(virerr.FromQEMU, virerr.InvalidArg, "could not get preferred machine for %s type=%s", d.Devices.Emulator, d.Type)
		}
	}
	d.OS.Machine = a.binary.Canonical(d.Type, d.OS.Machine)
	a.machine = machine.Of(d)
	return nil
}

func (a *applier) machineType() *caps.Machine { return a.binary.Machine(a.doc.Type, a.doc.OS.Machine) }

// defaultCPU is the processor model of the machine type, which names it by its QOM type.
func (a *applier) defaultCPU() string {
	m, accel := a.machineType(), a.binary.AccelOf(a.doc.Type)
	if m == nil || accel == nil {
		return ""
	}
	for _, c := range accel.CPUs {
		if c.Type == m.DefaultCPU {
			return c.Name
		}
	}
	return ""
}

func (a *applier) hostModel() bool {
	return a.binary.HostModel(a.doc.Type, a.host.Processor).Reported != nil
}

// fillFirmware forgives an old document whose firmware is gone: the start will say so.
func (a *applier) fillFirmware() error {
	err := firmware.Fill(a.doc, a.host.Firmware, a.opts.ABIUpdate)
	if !a.opts.ABIUpdate {
		return nil
	}
	return err
}

// completeDevices runs the driver's and the generic defaults of each device, then what devices imply.
func (a *applier) completeDevices() error {
	o := a.parseOptions()
	if err := a.doc.PostParseDevices(o, a.device); err != nil {
		return err
	}
	return a.doc.PostParseCommon(o, a.device)
}

func (a *applier) parseOptions() domain.ParseOptions {
	return domain.ParseOptions{Inactive: a.opts.Inactive, ABIUpdate: a.opts.ABIUpdate}
}

func (a *applier) assignAddresses() error {
	return address.Assign(a.doc, a.binary, a.host.PCI, a.opts.ABIUpdate)
}
