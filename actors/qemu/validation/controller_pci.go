package validation

import (
	"slices"

	"virtree.dev/actors/qemu/caps"
	"virtree.dev/protocol/xml/domain"
)

const hostBridge = "spapr-pci-host-bridge"

// pciModels are the devices that can be a PCI controller of each model.
var pciModels = map[string][]string{
	"pci-root":                    {hostBridge},
	"pcie-root":                   {},
	"pci-bridge":                  {"pci-bridge"},
	"dmi-to-pci-bridge":           {"i82801b11-bridge"},
	"pcie-root-port":              {"ioh3420", "pcie-root-port"},
	"pcie-switch-upstream-port":   {"x3130-upstream"},
	"pcie-switch-downstream-port": {"xio3130-downstream"},
	"pci-expander-bus":            {"pxb"},
	"pcie-expander-bus":           {"pxb-pcie"},
	"pcie-to-pci-bridge":          {"pcie-pci-bridge"},
}

// pciFlags are the flags of those devices where they have another name.
var pciFlags = map[string]caps.Flag{"i82801b11-bridge": "dmi-to-pci-bridge"}

// pciCheck looks at one PCI controller.
type pciCheck struct {
	*check
	c *domain.Controller
}

func (v *check) pciController(c *domain.Controller) {
	p := pciCheck{v, c}
	p.modelName()
	p.index()
	p.targetIndex()
	p.hole64()
	p.busNr()
	p.numaNode()
	p.chassis()
	p.hotplug()
	if c.PCI.MemReserve != 0 && !oneOf(c.Model, "pcie-root-port", "pci-bridge") {
		p.invalid("memReserve")
	}
	p.device()
}

func (p pciCheck) missing(option string) {
	p.Internal("Required option '%s' is not set for PCI controller with index '%d', model '%s' and modelName '%s'",
		option, p.c.Index, p.c.Model, p.name())
}

func (p pciCheck) invalid(option string) {
	p.Unsupported("Option '%s' is not valid for PCI controller with index '%d', model '%s' and modelName '%s'",
		option, p.c.Index, p.c.Model, p.name())
}

func (p pciCheck) name() string {
	if p.c.PCI.ModelName == "" {
		return "none"
	}
	return p.c.PCI.ModelName
}

func (p pciCheck) root() bool { return oneOf(p.c.Model, "pci-root", "pcie-root") }

func (p pciCheck) hostBridge() bool {
	return p.c.Model == "pci-root" && p.c.PCI.ModelName == hostBridge
}

func (p pciCheck) modelName() {
	name := p.c.PCI.ModelName
	needed := !p.root() || p.c.Model == "pci-root" && p.machine.PSeries()
	switch {
	case needed && name == "":
		p.missing("modelName")
	case !needed && name != "":
		p.invalid("modelName")
	case name != "" && !slices.Contains(pciModels[p.c.Model], name):
		p.Unsupported("Option '%s' has invalid value for PCI controller with index '%d', model '%s' and modelName '%s'",
			"modelName", p.c.Index, p.c.Model, name)
	}
}

func (p pciCheck) index() {
	p.refuse(!p.root() && p.c.Index == 0, "Index for '%s' controllers must be > 0", p.c.Model)
	p.refuse(p.root() && !p.hostBridge() && p.c.Index != 0, "Index for '%s' controllers must be 0", p.c.Model)
}

func (p pciCheck) targetIndex() {
	switch given := p.c.PCI.TargetIndex != nil; {
	case p.hostBridge() && !given:
		p.missing("targetIndex")
	case !p.hostBridge() && given:
		p.invalid("targetIndex")
	}
}

func (p pciCheck) hole64() {
	if p.c.PCI.Hole64 == nil {
		return
	}
	if !p.root() {
		p.invalid("pcihole64")
	}
	p.refuse(p.c.Model == "pci-root" && !p.machine.I440FX() || p.c.Model == "pcie-root" && !p.machine.Q35(),
		"Setting the 64-bit PCI hole size is not supported for machine '%s'", p.machine.Name)
}

func (p pciCheck) expander() bool { return oneOf(p.c.Model, "pci-expander-bus", "pcie-expander-bus") }

func (p pciCheck) busNr() { p.only("busNr", p.c.PCI.BusNr, p.expander()) }

// only wants an option on the models it is for, and nowhere else.
func (p pciCheck) only(option string, value *int, wanted bool) {
	switch {
	case wanted && value == nil:
		p.missing(option)
	case !wanted && value != nil:
		p.invalid(option)
	}
}

func (p pciCheck) numaNode() {
	o := &p.c.PCI
	if o.NUMANode == nil || p.expander() {
		return
	}
	if !p.hostBridge() || o.TargetIndex != nil && *o.TargetIndex == 0 {
		p.invalid("numaNode")
	}
}

func (p pciCheck) chassis() {
	port := oneOf(p.c.Model, "pcie-root-port", "pcie-switch-downstream-port")
	p.only("chassisNr", p.c.PCI.ChassisNr, p.c.Model == "pci-bridge")
	p.only("chassis", p.c.PCI.Chassis, port)
	p.only("port", p.c.PCI.Port, port)
}

func (p pciCheck) hotplug() {
	if !p.c.PCI.Hotplug.Given() {
		return
	}
	const text = "setting the '%s' property on a '%s' device is not supported by this QEMU binary"
	switch p.c.Model {
	case "pci-root":
		p.refuse(!p.has("piix4.acpi-root-pci-hotplug"), text, "hotplug", "pci-root")
	case "pcie-root-port", "pcie-switch-downstream-port":
		p.refuse(!p.has("pcie-root-port.hotplug"), text, "hotplug", p.name())
	default:
		p.invalid("hotplug")
	}
}

func (p pciCheck) device() {
	name := p.c.PCI.ModelName
	flag := pciFlags[name]
	if flag == "" {
		flag = caps.Flag(name)
	}
	p.refuse(name != "" && !p.has(flag), "The '%s' device is not supported by this QEMU binary", name)
	p.refuse(p.hostBridge() && p.c.PCI.NUMANode != nil && !p.has("spapr-pci-host-bridge.numa_node"),
		"Option '%s' is not supported by '%s' device with this QEMU binary", "numaNode", name)
}
