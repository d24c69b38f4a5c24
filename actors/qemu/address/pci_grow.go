package address

import "virtree.dev/protocol/virerr"

// grow adds buses until addr.Bus exists. The models follow from the device
// that needs the place; addr moves up when a bridge has to come in between.
func (s *pciSet) grow(addr *pciAddr, p plug) error {
	add := int(addr.Bus) - len(s.buses) + 1
	if add <= 0 {
		return nil
	}
	var model string
	var between []string
	switch {
	case p.kinds&pciDevice != 0 && s.multiRoot:
		model = "pci-root"
	case p.kinds&pciDevice != 0:
		model = "pci-bridge"
		between = s.toConventional()
		if len(between) > 0 && add == 1 {
			add++
			addr.Bus++
		}
	case p.kinds&(pcieDevice|upstreamPort) != 0:
		model = "pcie-root-port"
	default:
		return cannotGrow(p)
	}
	return s.addBuses(add, between, model)
}

// toConventional names what must come first where there is only PCI Express.
func (s *pciSet) toConventional() []string {
	for i := range s.buses {
		if s.buses[i].takes&pciBridge != 0 {
			return nil
		}
	}
	if s.pcieToPCI {
		return []string{"pcie-root-port", "pcie-to-pci-bridge"}
	}
	return []string{"dmi-to-pci-bridge"}
}

func (s *pciSet) addBuses(count int, between []string, model string) error {
	for i := range count {
		name, hotplug := model, true
		if i < len(between) {
			name = between[i]
			hotplug = name != "dmi-to-pci-bridge"
		}
		b, err := newBus(name, hotplug)
		if err != nil {
			return err
		}
		if i < len(between) && name == "pcie-root-port" {
			// Kept for the bridge: nothing else may take this port.
			b.takes, b.auto, b.hotplug = pcieBridge, false, false
		}
		s.buses = append(s.buses, b)
	}
	return nil
}

func cannotGrow(p plug) error {
	if model := modelFor(p.kinds); model != "" {
		return virerr.New(virerr.FromDomain, virerr.InternalError,
			"a PCI slot is needed to connect a PCI controller model='%s', but none is available, and it cannot be automatically added", model)
	}
	return virerr.New(virerr.FromDomain, virerr.InternalError,
		"Cannot automatically add a new PCI bus for a device with connect flags %.2x", uint16(p.kinds))
}
