package address

// kind is a set of the things that a PCI slot may take.
type kind uint16

const (
	pciDevice kind = 1 << iota
	pcieDevice
	rootPort
	upstreamPort
	downstreamPort
	dmiBridge
	pcieBridge // pcie-to-pci-bridge
	expander
	pcieExpander
	pciBridge
)

const endpoint = pciDevice | pcieDevice

// kindNames are in the order in which an error names the first that matches.
var kindNames = []struct {
	kind kind
	name string
}{
	{pciDevice, "standard PCI device"},
	{pcieDevice, "PCI Express device"},
	{rootPort, "pcie-root-port"},
	{upstreamPort, "pcie-switch-upstream-port"},
	{downstreamPort, "pcie-switch-downstream-port"},
	{dmiBridge, "dmi-to-pci-bridge"},
	{pcieBridge, "pcie-to-pci-bridge"},
	{expander, "pci-expander-bus"},
	{pcieExpander, "pcie-expander-bus"},
	{pciBridge, "pci-bridge"},
}

const lastSlot = 31

// busModel says what a PCI controller offers below itself.
type busModel struct {
	takes   kind
	auto    bool // devices without an address may be put here
	hotplug bool // unless the controller turns it off
	first   int
	last    int
}

// busModels has the facts of src/conf/domain_addr.c of libvirt 11.3.
var busModels = map[string]busModel{
	"pci-root":                    {takes: pciDevice | pciBridge | expander, auto: true, hotplug: true, first: 1, last: lastSlot},
	"pci-bridge":                  {takes: pciDevice | pciBridge, auto: true, hotplug: true, first: 1, last: lastSlot},
	"pci-expander-bus":            {takes: pciDevice | pciBridge, auto: true, hotplug: true, first: 0, last: lastSlot},
	"pcie-root":                   {takes: pcieDevice | rootPort | dmiBridge | pcieExpander, first: 1, last: lastSlot},
	"dmi-to-pci-bridge":           {takes: pciDevice | pciBridge, first: 0, last: lastSlot},
	"pcie-to-pci-bridge":          {takes: pciDevice | pciBridge, auto: true, hotplug: true, first: 1, last: lastSlot},
	"pcie-root-port":              {takes: pcieDevice | upstreamPort | pcieBridge, auto: true, hotplug: true},
	"pcie-switch-downstream-port": {takes: pcieDevice | upstreamPort | pcieBridge, auto: true, hotplug: true},
	"pcie-switch-upstream-port":   {takes: downstreamPort, first: 0, last: lastSlot},
	"pcie-expander-bus":           {takes: rootPort | dmiBridge, first: 0, last: lastSlot},
}

// plug is what a device asks of a slot. The zero plug is not a PCI device.
type plug struct {
	kinds      kind
	auto       bool // wants a bus that takes devices without being told
	integrated bool // must sit on bus 0, whatever that bus takes
	aggregate  bool // may share a slot with its like, a function each
	group      uint // shares a bus only with devices of the same group
}

// controllerPlugs says how a PCI controller connects to the bus above it.
var controllerPlugs = map[string]plug{
	"pci-bridge":                  {kinds: pciBridge},
	"pci-expander-bus":            {kinds: expander},
	"pcie-expander-bus":           {kinds: pcieExpander},
	"dmi-to-pci-bridge":           {kinds: dmiBridge},
	"pcie-to-pci-bridge":          {kinds: pcieBridge},
	"pcie-root-port":              {kinds: rootPort, aggregate: true},
	"pcie-switch-upstream-port":   {kinds: upstreamPort},
	"pcie-switch-downstream-port": {kinds: downstreamPort},
}

// modelFor names the controller model that plugs in as one of kinds, "" if none does.
func modelFor(kinds kind) string {
	order := []string{
		"pcie-root-port", "pcie-switch-upstream-port", "pcie-switch-downstream-port",
		"dmi-to-pci-bridge", "pci-expander-bus", "pcie-expander-bus", "pci-bridge",
	}
	for _, model := range order {
		if controllerPlugs[model].kinds&kinds != 0 {
			return model
		}
	}
	return ""
}

func kindName(kinds kind) string {
	for _, k := range kindNames {
		if kinds&k.kind != 0 {
			return k.name
		}
	}
	return ""
}
