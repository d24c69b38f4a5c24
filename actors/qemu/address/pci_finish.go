package address

import (
	"slices"

	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/domain"
)

// modelNames are QEMU's devices for the controllers.
var modelNames = map[string]string{
	"pci-bridge":                  "pci-bridge",
	"dmi-to-pci-bridge":           "i82801b11-bridge",
	"pcie-to-pci-bridge":          "pcie-pci-bridge",
	"pcie-root-port":              "pcie-root-port",
	"pcie-switch-upstream-port":   "x3130-upstream",
	"pcie-switch-downstream-port": "xio3130-downstream",
	"pci-expander-bus":            "pxb",
	"pcie-expander-bus":           "pxb-pcie",
}

// finishControllers gives PCI controllers the numbers that follow from their places.
func (a *assigner) finishControllers() error {
	for _, c := range a.controllers("pci") {
		a.nameModel(c)
		if err := a.number(c); err != nil {
			return err
		}
		if bus := c.Address.PCI.Bus; c.Model == "pci-bridge" && c.Index <= int(bus) {
			return virerr.New(virerr.FromQEMU, virerr.ConfigUnsupported,
				"PCI controller at index %d (0x%02x) has bus='0x%02x', but index must be larger than bus", c.Index, c.Index, bus)
		}
	}
	return nil
}

func (a *assigner) nameModel(c *domain.Controller) {
	if c.PCI.ModelName != "" {
		return
	}
	c.PCI.ModelName = modelNames[c.Model]
	switch {
	case c.Model == "pcie-root-port" && !a.binary.Has("pcie-root-port"):
		c.PCI.ModelName = "ioh3420"
	case c.Model == "pci-root" && a.m.PSeries():
		c.PCI.ModelName = "spapr-pci-host-bridge"
	}
}

func (a *assigner) number(c *domain.Controller) error {
	at := c.Address.PCI
	o := &c.PCI
	switch c.Model {
	case "pci-bridge":
		fill(&o.ChassisNr, c.Index)
	case "pcie-root-port":
		fill(&o.Chassis, c.Index)
		fill(&o.Port, int(at.Slot<<3+at.Function))
	case "pcie-switch-downstream-port":
		fill(&o.Chassis, c.Index)
		fill(&o.Port, int(at.Slot))
	case "pci-expander-bus", "pcie-expander-bus":
		return a.expanderBus(c)
	case "pci-root":
		if a.m.PSeries() {
			return a.targetIndex(c)
		}
	}
	return nil
}

func fill(field **int, v int) {
	if *field == nil {
		*field = &v
	}
}

// expanderBus leaves two numbers, for the expander and the bridge that is in it, below the lowest in use.
func (a *assigner) expanderBus(c *domain.Controller) error {
	if c.PCI.BusNr != nil {
		return nil
	}
	lowest := 256
	for _, o := range a.controllers("pci") {
		if o.PCI.BusNr != nil {
			lowest = min(lowest, *o.PCI.BusNr)
		}
	}
	if lowest <= 2 {
		return virerr.New(virerr.FromQEMU, virerr.ConfigUnsupported,
			"No free busNr lower than current lowest busNr is available to auto-assign to bus %d. Must be manually assigned", c.Address.PCI.Bus)
	}
	fill(&c.PCI.BusNr, lowest-2)
	return nil
}

// maxTargetIndex is the last PCI host bridge of a pSeries machine.
const maxTargetIndex = 30

func (a *assigner) targetIndex(c *domain.Controller) error {
	if c.PCI.TargetIndex != nil {
		return nil
	}
	if c.Index == 0 {
		fill(&c.PCI.TargetIndex, 0)
		return nil
	}
	for i := 1; i <= maxTargetIndex; i++ {
		used := slices.ContainsFunc(a.controllers("pci"), func(o *domain.Controller) bool {
			return o.PCI.TargetIndex != nil && *o.PCI.TargetIndex == i
		})
		if !used {
			fill(&c.PCI.TargetIndex, i)
			return nil
		}
	}
	return virerr.New(virerr.FromQEMU, virerr.ConfigUnsupported, "No usable target index found for %d", c.Address.PCI.Bus)
}
