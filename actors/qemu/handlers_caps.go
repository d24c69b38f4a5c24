package qemu

import (
	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/qemu/caps"
	"virtree.dev/internal/hostinfo"
	"virtree.dev/internal/sys"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/virtype"
	"virtree.dev/protocol/xml/arch"
	"virtree.dev/protocol/xml/capabilities"
	xml "virtree.dev/protocol/xml/domain"
)

func (d *Driver) capsHandlers(t *dispatch.Table) {
	dispatch.Handle(t, remote.ProcConnectGetCapabilities, dispatch.Worker, d.capabilities)
	dispatch.Handle(t, remote.ProcConnectGetDomainCapabilities, dispatch.Worker, d.domainCapabilities)
	dispatch.Handle(t, remote.ProcNodeGetSEVInfo, dispatch.Worker, d.sevInfo)
}

func (d *Driver) capabilities(c *dispatch.Call, _ *dispatch.Void) (*remote.ConnectGetCapabilitiesRet, error) {
	host, err := d.hostCapabilities()
	if err != nil {
		return nil, err
	}
	doc := capabilities.Capabilities{Host: *host}
	err = c.Wait(func() error {
		doc.Guests, err = caps.Guests(c, d.binaries, d.processor.Arch())
		return err
	})
	if err != nil {
		return nil, err
	}
	return &remote.ConnectGetCapabilitiesRet{Capabilities: doc.Format()}, nil
}

// hostCapabilities tells what the host is. What it does not let us know is left out, as libvirt does.
func (d *Driver) hostCapabilities() (*capabilities.Host, error) {
	processor, err := d.processor.Whole()
	if err != nil {
		return nil, errInternal("%s", err)
	}
	cells, links, err := d.host.Cells()
	if err != nil {
		return nil, errInternal("%s", err)
	}
	h := &capabilities.Host{
		UUID: d.hostUUID.String(), CPU: processor, IOMMU: d.host.IOMMU(),
		Transports: []string{"tcp", "rdma"},
		SecModels:  d.secModels(),
	}
	pages, _ := d.host.Pages(hostinfo.AllNodes)
	for _, p := range pages {
		h.PageSizes = append(h.PageSizes, p.Size)
	}
	for i := range cells {
		h.Cells = append(h.Cells, cellOf(&cells[i]))
	}
	for _, l := range links {
		h.Links = append(h.Links, capabilities.Link(l))
	}
	if err := d.addCaches(h); err != nil {
		d.log.Warn("Failed to get host CPU cache info: " + err.Error())
	}
	return h, nil
}

// addCaches tells of the caches and how they, and the way to memory, can be divided and watched.
func (d *Driver) addCaches(h *capabilities.Host) error {
	can, err := d.host.Resctrl()
	if err != nil {
		return err
	}
	banks, err := d.host.Caches()
	if err != nil {
		return err
	}
	for _, b := range banks {
		bank := capabilities.Bank{ID: b.ID, Level: b.Level, Type: b.Type, Size: b.Size, CPUs: b.CPUs}
		for _, c := range can.Controls(b.Level, b.Size) {
			bank.Controls = append(bank.Controls, capabilities.CacheControl(c))
		}
		h.Banks = append(h.Banks, bank)
		if m := can.Bandwidth; m != nil && b.Level == banks[len(banks)-1].Level { // the last before memory
			h.Bandwidths = append(h.Bandwidths, capabilities.Bandwidth{ID: b.ID, CPUs: b.CPUs, Granularity: m.Granularity, Min: m.Min, MaxAllocs: m.MaxAllocs})
		}
	}
	if m := can.Monitor; m != nil {
		h.CacheMonitor = capabilities.Monitor{Level: 3, Max: m.Max, ReuseThreshold: m.ReuseThreshold, Features: m.With("llc_")}
		h.BandwidthMonitor = capabilities.Monitor{Max: m.Max, Features: m.With("mbm_")}
	}
	return nil
}

func cellOf(c *hostinfo.Cell) capabilities.Cell {
	cell := capabilities.Cell{ID: c.ID, Memory: c.Memory}
	for _, p := range c.Pages {
		cell.Pages = append(cell.Pages, capabilities.Pages(p))
	}
	for _, d := range c.Distances {
		cell.Distances = append(cell.Distances, capabilities.Distance{ID: d.Node, Value: d.Value})
	}
	for _, s := range c.Caches {
		cell.Caches = append(cell.Caches, capabilities.SideCache(s))
	}
	for _, p := range c.CPUs {
		cell.CPUs = append(cell.CPUs, capabilities.CPU(p))
	}
	return cell
}

// wanted is the binary, architecture, virt type and machine type that a client asks about; what it leaves open is the
// host's own choice.
type wanted struct {
	binary                  *caps.Caps
	arch, virtType, machine string
	anyMachine              bool
}

// choose finds the binary for what a client asks about.
func (d *Driver) choose(c *dispatch.Call, emulator, guest, virtType, machine *string) (*wanted, error) {
	w := &wanted{arch: d.processor.Arch(), virtType: text(virtType), machine: text(machine), anyMachine: machine == nil}
	if virtType != nil && !xml.KnownVirtType(w.virtType) {
		return nil, errInvalidArg("unknown virttype: %s", w.virtType)
	}
	if guest != nil {
		if w.arch = *guest; !arch.Known(w.arch) {
			return nil, errInvalidArg("unknown architecture: %s", w.arch)
		}
	}
	path := text(emulator)
	if emulator == nil {
		if path = caps.Emulator(d.processor.Arch(), w.arch); path == "" {
			return nil, errUnsupportedConfig("unable to find any emulator to serve '%s' architecture", w.arch)
		}
	}
	err := c.Wait(func() (err error) {
		w.binary, err = d.binaries.Get(c, path)
		return err
	})
	if err != nil {
		return nil, err
	}
	return w, w.settle()
}

// settle fills in what the client left open and refuses what the binary cannot do.
func (w *wanted) settle() error {
	b := w.binary
	if b.Arch != w.arch && !caps.SameFamily(b.Arch, w.arch) {
		return errInvalidArg("architecture from emulator '%s' doesn't match given architecture '%s'", b.Arch, w.arch)
	}
	if w.virtType == "" || w.virtType == "none" {
		w.virtType = b.Best()
	}
	if caps.Accelerated(w.virtType) && !caps.Accelerated(b.Best()) {
		return errInvalidArg("the accel '%s' is not supported by '%s' on this host", w.virtType, b.Binary)
	}
	if w.anyMachine {
		w.machine = b.Preferred(w.virtType)
		return nil
	}
	w.machine = b.Canonical(w.virtType, w.machine)
	if b.Machine(w.virtType, w.machine) == nil {
		return errInvalidArg("the machine '%s' is not supported by emulator '%s'", w.machine, b.Binary)
	}
	return nil
}

func (d *Driver) domainCapabilities(c *dispatch.Call, a *remote.ConnectGetDomainCapabilitiesArgs) (*remote.ConnectGetDomainCapabilitiesRet, error) {
	if err := checkFlags(c, a.Flags, virtype.ConnectGetDomainCapabilitiesDisableDeprecatedFeatures); err != nil {
		return nil, err
	}
	w, err := d.choose(c, a.Emulatorbin, a.Arch, a.Virttype, a.Machine)
	if err != nil {
		return nil, err
	}
	doc, err := d.describeGuests(w)
	if err != nil {
		return nil, err
	}
	if a.Flags&virtype.ConnectGetDomainCapabilitiesDisableDeprecatedFeatures != 0 {
		w.binary.DisableDeprecated(w.virtType, doc.CPU.HostModel)
	}
	return &remote.ConnectGetDomainCapabilitiesRet{Capabilities: doc.Format()}, nil
}

func (d *Driver) sevInfo(c *dispatch.Call, a *remote.NodeGetSEVInfoArgs) (*remote.NodeGetSEVInfoRet, error) {
	if err := checkFlags(c, a.Flags, virtype.TypedParamStringOkay); err != nil {
		return nil, err
	}
	w, err := d.choose(c, nil, nil, nil, nil)
	if err != nil {
		return nil, err
	}
	s := w.binary.SEV
	if s == nil || !w.binary.Has("sev-guest") {
		return nil, virerr.New(virerr.FromQEMU, virerr.OperationUnsupported, "QEMU does not support SEV guest")
	}
	var params virtype.Params
	if a.Flags&virtype.TypedParamStringOkay != 0 {
		params.String("pdh", s.PDH)
		params.String("cert-chain", s.CertChain)
		if s.CPU0ID != "" {
			params.String("cpu0-id", s.CPU0ID)
		}
	}
	guests := hostinfo.ReadEncrypted(sys.CPUID)
	params.Uint("cbitpos", uint32(s.CBitPos))
	params.Uint("reduced-phys-bits", uint32(s.ReducedBits))
	params.Uint("max-guests", uint32(guests.Guests))
	params.Uint("max-es-guests", uint32(guests.ESGuests))
	return &remote.NodeGetSEVInfoRet{Params: params}, nil
}
