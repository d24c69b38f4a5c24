package address

import (
	"fmt"

	"virtree.dev/protocol/virerr"
)

// pciAddr is a place in the guest's PCI topology.
type pciAddr struct{ Domain, Bus, Slot, Function uint }

func (a pciAddr) String() string {
	return fmt.Sprintf("%04x:%02x:%02x.%d", a.Domain, a.Bus, a.Slot, a.Function)
}

// bus is one PCI bus with the functions taken in each slot.
type bus struct {
	busModel
	model     string
	functions [lastSlot + 1]uint8
	aggregate [lastSlot + 1]bool
	group     uint
	locked    bool // the group stays as it is
}

func (b *bus) empty() bool { return b.functions == [lastSlot + 1]uint8{} }

func (b *bus) full() bool {
	for s := b.first; s <= b.last; s++ {
		if b.functions[s] == 0 {
			return false
		}
	}
	return true
}

// pciSet is the PCI topology of one machine while addresses are handed out.
type pciSet struct {
	buses     []bus
	dryRun    bool // buses are added when they run out
	multiRoot bool // pSeries: more pci-roots instead of bridges
	pcieToPCI bool // the binary has pcie-pci-bridge
}

func newBus(model string, hotplug bool) (bus, error) {
	m, ok := busModels[model]
	if !ok {
		return bus{}, virerr.New(virerr.FromQEMU, virerr.InternalError, "PCI controller model was not set correctly")
	}
	m.hotplug = m.hotplug && hotplug
	return bus{busModel: m, model: model}, nil
}

// reserve takes addr for a device; chosen says that it came from the document.
func (s *pciSet) reserve(addr pciAddr, p plug, chosen bool) error {
	if s.dryRun {
		if err := s.grow(&addr, p); err != nil {
			return err
		}
	}
	if err := s.check(addr, p, chosen); err != nil {
		return err
	}
	b := &s.buses[addr.Bus]
	bit := uint8(1) << addr.Function
	if b.functions[addr.Slot]&bit != 0 {
		return virerr.New(virerr.FromDomain, addrCode(chosen), "Attempted double use of PCI Address %s", addr)
	}
	switch {
	case b.empty() && !b.locked:
		b.group = p.group
	case b.group != p.group && chosen: // the document may mix them, but then nothing keeps them apart
		b.group = 0
	}
	if b.functions[addr.Slot] == 0 && p.aggregate {
		b.aggregate[addr.Slot] = true
	}
	b.functions[addr.Slot] |= bit
	return nil
}

func addrCode(chosen bool) virerr.Code {
	if chosen {
		return virerr.XMLError
	}
	return virerr.InternalError
}

// check says whether a device may sit at addr, in libvirt's words where not.
func (s *pciSet) check(addr pciAddr, p plug, chosen bool) error {
	refuse := func(format string, args ...any) error {
		return virerr.New(virerr.FromDomain, addrCode(chosen), format, args...)
	}
	if len(s.buses) == 0 {
		return refuse("No PCI buses available")
	}
	if addr.Domain != 0 {
		return refuse("Invalid PCI address %s. Only PCI domain 0 is available", addr)
	}
	if addr.Bus >= uint(len(s.buses)) {
		return refuse("Invalid PCI address %s. Only PCI buses up to %d are available", addr, len(s.buses)-1)
	}
	b := &s.buses[addr.Bus]
	if why := b.refuses(addr, p, chosen); why != "" {
		return refuse("%s", why)
	}
	switch {
	case int(addr.Slot) < b.first:
		return refuse("Invalid PCI address %s. slot must be >= %d", addr, b.first)
	case int(addr.Slot) > b.last:
		return refuse("Invalid PCI address %s. slot must be <= %d", addr, b.last)
	case addr.Function > 7:
		return refuse("Invalid PCI address %s. function must be <= %d", addr, 7)
	}
	return nil
}

// refuses says why the bus does not take the device, "" if it does.
func (b *bus) refuses(addr pciAddr, p plug, chosen bool) string {
	takes, auto := b.takes, b.auto
	if p.integrated {
		if addr.Bus != 0 {
			return fmt.Sprintf("The device at PCI address %s needs to be an integrated device (bus=0)", addr)
		}
		takes |= pciDevice
		auto = true
	}
	kinds := p.kinds
	if chosen {
		// A place in the document may cross between PCI and PCI Express.
		if takes&endpoint != 0 {
			takes |= endpoint
		}
		if kinds&pciBridge != 0 {
			kinds |= pciDevice
		}
	} else if p.auto && !auto {
		return fmt.Sprintf("The device at PCI address %s was auto-assigned this address, but the PCI controller with index='%d' doesn't allow auto-assignment", addr, addr.Bus)
	}
	if kinds&takes == 0 {
		return fmt.Sprintf("The device at PCI address %s cannot be plugged into the PCI controller with index='%d'. It requires a controller that accepts a %s.", addr, addr.Bus, kindName(kinds))
	}
	return ""
}

// next finds a free place for a device; function < 0 asks for any.
func (s *pciSet) next(p plug, function int) (pciAddr, error) {
	if len(s.buses) == 0 {
		return pciAddr{}, virerr.New(virerr.FromDomain, virerr.XMLError, "No PCI buses available")
	}
	for _, fits := range []func(*bus) bool{
		func(b *bus) bool { return b.group == p.group },
		func(b *bus) bool { return b.empty() && !b.locked },
	} {
		for i := range s.buses {
			if !fits(&s.buses[i]) {
				continue
			}
			if a, ok := s.buses[i].free(uint(i), p, function); ok {
				return a, nil
			}
		}
	}
	if !s.dryRun {
		return pciAddr{}, virerr.New(virerr.FromDomain, virerr.InternalError, "No more available PCI slots")
	}
	a := pciAddr{Bus: uint(len(s.buses)), Function: uint(max(function, 0))}
	if err := s.grow(&a, p); err != nil {
		return pciAddr{}, err
	}
	a.Slot = uint(s.buses[a.Bus].first)
	return a, nil
}

// free finds an unused function on this bus for a device without an address.
func (b *bus) free(index uint, p plug, function int) (pciAddr, bool) {
	a := pciAddr{Bus: index, Function: uint(max(function, 0))}
	if b.refuses(a, p, false) != "" {
		return a, false
	}
	for slot := b.first; slot <= b.last; slot++ {
		a.Slot = uint(slot)
		if b.functions[slot] == 0 {
			return a, true
		}
		if !p.aggregate || !b.aggregate[slot] {
			continue
		}
		from, to := a.Function, a.Function
		if function < 0 {
			to = 7
		}
		for f := from; f <= to; f++ {
			if b.functions[slot]&(1<<f) == 0 {
				a.Function = f
				return a, true
			}
		}
	}
	return a, false
}

// reserveNext finds a place and takes it.
func (s *pciSet) reserveNext(p plug, function int) (pciAddr, error) {
	a, err := s.next(p, function)
	if err != nil {
		return a, err
	}
	return a, s.reserve(a, p, false)
}

// inUse says whether any function of the slot is taken.
func (s *pciSet) inUse(a pciAddr) bool { return s.buses[a.Bus].functions[a.Slot] != 0 }
