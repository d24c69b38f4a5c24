package address

import (
	"slices"

	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/domain"
)

// pci hands out places on PCI: once to learn which controllers it takes, once in earnest.
func (a *assigner) pci() error {
	highest := -1
	for _, c := range a.controllers("pci") {
		highest = max(highest, c.Index)
	}
	if highest >= 0 {
		if err := a.addControllers(highest); err != nil {
			return err
		}
	}
	count := 0
	for _, c := range a.controllers("pci") {
		count = max(count, c.Index+1)
	}
	if count == 0 && !a.m.PCI() {
		return nil
	}
	set, err := a.pciSet(count, false)
	if err != nil {
		return err
	}
	if !a.m.PCI() || count == 0 && !a.anyWantsPCI() {
		return nil
	}
	if err := a.slots(set); err != nil {
		return err
	}
	a.multifunction()
	if err := a.zpci(); err != nil {
		return err
	}
	return a.finishControllers()
}

func (a *assigner) anyWantsPCI() bool {
	p := a.plugs()
	for dev := range a.doc.Devices.All() {
		if wantsPCI(dev.Info()) && a.plugOf(dev, p).kinds != 0 {
			return true
		}
	}
	return false
}

// slots puts the chipset's devices where they belong and the others where there is room.
func (a *assigner) slots(set *pciSet) error {
	if err := a.chipset(set); err != nil {
		return err
	}
	return a.devices(set)
}

// addControllers does the dry run and adds the controllers that were missing.
func (a *assigner) addControllers(highest int) error {
	set, err := a.pciSet(highest+1, true)
	if err != nil {
		return err
	}
	if err := a.chipset(set); err != nil {
		return err
	}
	spare := plug{kinds: pciDevice, auto: true}
	if a.root("pci-root") && !allFull(set.buses) {
		// One slot stays free, so that the machine can grow by a bridge.
		if _, err := set.reserveNext(spare, -1); err != nil {
			return err
		}
	}
	if err := a.devices(set); err != nil {
		return err
	}
	if highest <= 0 && len(set.buses) > highest+1 && a.root("pcie-root") {
		spare.kinds = pcieDevice // an empty port for hotplug
		if _, err := set.reserveNext(spare, -1); err != nil {
			return err
		}
	}
	return a.reflect(set)
}

func allFull(buses []bus) bool {
	return !slices.ContainsFunc(buses, func(b bus) bool { return !b.full() })
}

// reflect puts the buses of a set into the document as controllers.
func (a *assigner) reflect(set *pciSet) error {
	for i := 1; i < len(set.buses); i++ {
		if slices.ContainsFunc(a.controllers("pci"), func(c *domain.Controller) bool { return c.Index == i }) {
			continue
		}
		c := &domain.Controller{Type: "pci", Index: i, Model: set.buses[i].model}
		a.doc.InsertController(c)
		if c.Model == "pci-root" || c.Model == "pcie-root" {
			continue
		}
		// The set may grow by this controller's own place.
		if _, err := set.reserveNext(controllerPlugs[c.Model], -1); err != nil {
			return err
		}
	}
	return nil
}

// pciSet makes the topology of the document with the places that are taken.
func (a *assigner) pciSet(count int, dryRun bool) (*pciSet, error) {
	s := &pciSet{
		buses: make([]bus, count), dryRun: dryRun,
		multiRoot: a.m.PSeries(), pcieToPCI: a.binary.Has("pcie-pci-bridge"),
	}
	express := false
	for _, c := range a.controllers("pci") {
		b, err := newBus(c.Model, c.PCI.Hotplug != domain.Off)
		if err != nil {
			return nil, err
		}
		b.locked = c.Index == 0 && a.m.PSeries() // no device of the host goes there
		s.buses[c.Index] = b
		express = express || c.Model == "pcie-root"
	}
	model := "pci-bridge"
	switch {
	case a.m.PSeries():
		model = "pci-root"
	case express:
		model = "pcie-root-port"
	}
	for i := range s.buses {
		if s.buses[i].model != "" {
			continue
		}
		if i == 0 {
			s.buses[i], _ = newBus("pci-root", true)
			continue
		}
		s.buses[i], _ = newBus(model, true)
	}
	return s, a.collect(s)
}

// collect takes the places that the document has given already.
func (a *assigner) collect(s *pciSet) error {
	p := a.plugs()
	for dev := range a.doc.Devices.All() {
		i := dev.Info()
		if !hasPCI(i) {
			continue
		}
		want := a.plugOf(dev, p)
		if want.kinds == 0 {
			want.kinds = pciDevice // should have no such address, but had one once
		}
		at := placeOf(i)
		if c, ok := dev.(*domain.Controller); ok && onPIIX3(c, at) {
			if len(s.buses) > 0 && s.buses[0].takes&pciDevice == 0 {
				return virerr.New(virerr.FromQEMU, virerr.InternalError, "Bus 0 must be PCI for integrated PIIX3 USB or IDE controllers")
			}
			continue
		}
		if err := s.reserve(at, want, true); err != nil {
			return err
		}
	}
	return nil
}

var piix3IDE, piix3USB = pciAddr{Slot: 1, Function: 1}, pciAddr{Slot: 1, Function: 2}

// onPIIX3 says whether a controller is one that the board brings along.
func onPIIX3(c *domain.Controller, at pciAddr) bool {
	return c.Index == 0 && (c.Type == "ide" && at == piix3IDE ||
		c.Type == "usb" && (c.Model == "piix3-uhci" || c.Model == "") && at == piix3USB)
}

// multifunction marks function 0 of every slot that has more functions.
func (a *assigner) multifunction() {
	shared := map[pciAddr]bool{}
	for dev := range a.doc.Devices.All() {
		if i := dev.Info(); i.Address.Type == "pci" && i.Address.PCI.Function != 0 {
			at := placeOf(i)
			at.Function = 0
			shared[at] = true
		}
	}
	for dev := range a.doc.Devices.All() {
		i := dev.Info()
		if i.Address.Type == "pci" && shared[placeOf(i)] && !i.Address.PCI.Multifunction.Given() {
			i.Address.PCI.Multifunction = domain.On
		}
	}
}
