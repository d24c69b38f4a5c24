package domain

import (
	"slices"
	"strings"

	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/arch"
	"virtree.dev/protocol/xml/cpu"
	"virtree.dev/protocol/xml/cpuset"
	"virtree.dev/protocol/xml/uuid"
	"virtree.dev/protocol/xml/xmltree"
)

// ParseOptions tell where a document comes from and what to believe of it.
type ParseOptions struct {
	// Inactive ignores what only a running domain has: id, aliases, labels in use.
	Inactive bool
	// Status reads the parts that are only in status documents.
	Status bool
	// ActualNet reads the <actual> part of interfaces, as in status and migration.
	ActualNet bool
	// ABIUpdate lets defaults change what the guest sees, as the document is new.
	ABIUpdate bool
	// ABIUpdateMigration does the same for the parts that an incoming migration may change.
	ABIUpdateMigration bool
	// SkipValidate leaves out the checks that would refuse what an older version took.
	SkipValidate bool
	// SkipSecLabel ignores the security labels.
	SkipSecLabel bool
	// SkipPostParse leaves the document as it is written: nothing is inferred or checked across elements.
	SkipPostParse bool
	// DefaultArch is taken when the document names none.
	DefaultArch string
	// DefaultSecModel is the model of a label that names none.
	DefaultSecModel string
	// Schema holds the document against a schema before it is read; nil asks for nothing.
	Schema func(root *xmltree.Node) error
}

// parser is a reader with what parsing depends on.
type parser struct {
	xmltree.Reader
	opts ParseOptions
}

// Parse reads a <domain> document.
func Parse(doc []byte, o ParseOptions) (*Domain, error) {
	root, err := xmltree.ParseRoot(doc, "domain", "(domain_definition)", virerr.FromDomain)
	if err != nil {
		return nil, err
	}
	if o.Schema != nil {
		if err := o.Schema(root); err != nil {
			return nil, err
		}
	}
	return ParseNode(root, o)
}

// ParseNode reads a <domain> element, which may stand inside another document.
func ParseNode(n *xmltree.Node, o ParseOptions) (*Domain, error) {
	p := &parser{opts: o}
	d := &Domain{ID: -1}
	uuidGiven := p.identity(n, d)
	p.system(n, d)
	p.describe(n, d)
	if !o.SkipSecLabel {
		p.secLabels(n, d)
	}
	p.memory(n, d)
	p.tunables(n, d)
	p.processor(n, d)
	p.resource(n, d)
	p.features(n.Child("features"), &d.Features)
	p.lifecycle(n, d)
	p.perf(n.Child("perf"), d)
	p.clock(n.Child("clock"), &d.Clock)
	p.boot(n.Child("os"), &d.OS)
	p.throttleGroups(n.Child("throttlegroups"), d)
	if err := p.Err(); err != nil {
		return nil, err
	}
	p.devices(allDevices(n), d)
	p.launchSecurity(n.Child("launchSecurity"), d)
	p.idMap(n.Child("idmap"), &d.IDMap)
	p.sysInfos(n, d, uuidGiven)
	p.smbios(n.Child("os"), &d.OS)
	p.keyWrap(n.Child("keywrap"), d)
	p.metadata(n, d)
	p.namespaces(n, d)
	if p.OK() && !o.SkipPostParse {
		p.postParse(d)
	}
	if err := p.Err(); err != nil {
		return nil, err
	}
	return d, nil
}

// allDevices joins the <devices> of a document that has several.
func allDevices(n *xmltree.Node) *xmltree.Node {
	if n.Count("devices") < 2 {
		return n.Child("devices")
	}
	all := *n.Child("devices")
	all.Nodes = nil
	for v := range n.Children("devices") {
		all.Nodes = append(all.Nodes, v.Nodes...)
	}
	return &all
}

func (p *parser) identity(n *xmltree.Node, d *Domain) (uuidGiven bool) {
	if !p.opts.Inactive {
		if id, ok := p.Int(n, "id", 10, xmltree.NonNegative); ok {
			d.ID = id
		}
	}
	if d.Name = n.ChildText("name"); d.Name == "" {
		p.NoName()
	}
	if text := n.ChildText("uuid"); text != "" {
		u, err := uuid.Parse(text)
		if err != nil {
			p.Internal("malformed uuid element")
		}
		d.UUID, uuidGiven = u, true
	} else {
		d.UUID = uuid.New()
	}
	p.genID(n, d)
	return uuidGiven
}

func (p *parser) genID(n *xmltree.Node, d *Domain) {
	g := n.Child("genid")
	if g == nil {
		return
	}
	if n.Count("genid") > 1 {
		p.XMLError("element 'genid' can only appear once")
	}
	d.GenID = &GenID{}
	text := g.Content()
	if text == "" {
		d.GenID.UUID, d.GenID.Generated = uuid.New(), true
		return
	}
	u, err := uuid.Parse(text)
	if err != nil {
		p.Internal("malformed genid element")
	}
	d.GenID.UUID = u
}

// system reads the hypervisor, the kind of guest and its architecture.
func (p *parser) system(n *xmltree.Node, d *Domain) {
	kind := n.Path("os/type")
	d.Type = n.Get("type")
	d.OS.Type, d.OS.Arch, d.OS.Machine = kind.Content(), kind.Get("arch"), kind.Get("machine")
	d.Bootloader, d.BootloaderArgs = n.ChildText("bootloader"), n.ChildText("bootloader_args")
	switch {
	case d.Type == "":
		p.Internal("missing domain type attribute")
	case !slices.Contains(virtTypes, d.Type):
		p.Unsupported("invalid domain type %s", d.Type)
	}
	switch {
	case d.OS.Type == "" && d.Bootloader != "":
		d.OS.Type = "xen"
	case d.OS.Type == "":
		p.XMLError("an os <type> must be specified")
	case !slices.Contains(osTypes, d.OS.Type):
		p.Unsupported("unknown OS type '%s'", d.OS.Type)
	}
	// paravirtualised Xen guests were once called linux
	if d.Type == "xen" && d.OS.Type == "linux" {
		d.OS.Type = "xen"
	}
	if d.OS.Arch != "" && d.OS.Arch != "none" && !arch.Known(d.OS.Arch) {
		p.Unsupported("Unknown architecture %s", d.OS.Arch)
	}
	if d.OS.Arch == "" {
		d.OS.Arch = p.opts.DefaultArch
	}
}

func (p *parser) describe(n *xmltree.Node, d *Domain) {
	if d.Title = n.ChildText("title"); strings.Contains(d.Title, "\n") {
		p.XMLError("Domain title can't contain newlines")
	}
	d.Description = n.ChildText("description")
}

// processor reads the CPU, the guest's nodes and where they are placed.
func (p *parser) processor(n *xmltree.Node, d *Domain) {
	if c := n.Child("cpu"); c != nil {
		restore := p.As(virerr.FromCPU)
		d.CPU = cpu.Parse(&p.Reader, c, cpu.Guest)
		restore()
		p.numa(c.Child("numa"), &d.Numa)
	}
	p.checkNumaCPUs(d)
	p.numaTune(n, d)
}

func (p *parser) resource(n *xmltree.Node, d *Domain) {
	r := n.Child("resource")
	if r == nil {
		return
	}
	if n.Count("resource") > 1 {
		p.XMLError("only one resource element is supported")
	}
	res := &Resource{Partition: r.ChildText("partition"), AppID: r.Child("fibrechannel").Get("appid")}
	if *res != (Resource{}) {
		d.Resource = res
	}
}

func (p *parser) lifecycle(n *xmltree.Node, d *Domain) {
	for _, a := range []struct {
		name, fallback string
		words          []string
		field          *string
	}{
		{"on_reboot", "restart", lifecycleActions, &d.OnReboot},
		{"on_poweroff", "destroy", lifecycleActions, &d.OnPoweroff},
		{"on_crash", "destroy", lifecycleActions, &d.OnCrash},
		{"on_lockfailure", "", lockFailureActions, &d.OnLockFailure},
	} {
		*a.field = a.fallback
		text := n.ChildText(a.name)
		switch {
		case text == "":
		case !slices.Contains(a.words, text):
			p.Unsupported("unknown %s action: %s", a.name, text)
		case text != "default":
			*a.field = text
		}
	}
	p.powerManagement(n.Child("pm"), d)
}

func (p *parser) powerManagement(n *xmltree.Node, d *Domain) {
	if s := n.Child("suspend-to-mem"); s != nil {
		d.PM.SuspendToMem = p.YesNo(s, "enabled")
	}
	if s := n.Child("suspend-to-disk"); s != nil {
		d.PM.SuspendToDisk = p.YesNo(s, "enabled")
	}
}

func (p *parser) perf(n *xmltree.Node, d *Domain) {
	for e := range n.Children("event") {
		name := p.Enum(e, "name", PerfEvents, xmltree.Required)
		enabled := p.NeedYesNo(e, "enabled")
		if d.Perf == nil {
			d.Perf = map[string]Tristate{}
		}
		if d.Perf[name].Given() {
			p.XMLError("perf event '%s' was already specified", name)
		}
		d.Perf[name] = enabled
	}
}

func (p *parser) idMap(n *xmltree.Node, m *IDMap) {
	m.UIDs = p.idMapEntries(n, "uid")
	m.GIDs = p.idMapEntries(n, "gid")
}

func (p *parser) idMapEntries(n *xmltree.Node, name string) []IDMapEntry {
	var out []IDMapEntry
	for e := range n.Children(name) {
		start, ok1 := xmltree.ParseUint(e.Get("start"), 10, 32)
		target, ok2 := xmltree.ParseUint(e.Get("target"), 10, 32)
		count, ok3 := xmltree.ParseUint(e.Get("count"), 10, 32)
		if !ok1 || !ok2 || !ok3 {
			p.XMLError("invalid idmap start/target/count settings")
		}
		out = append(out, IDMapEntry{uint(start), uint(target), uint(count)})
	}
	slices.SortFunc(out, func(a, b IDMapEntry) int { return int(a.Start) - int(b.Start) })
	return out
}

func (p *parser) metadata(n *xmltree.Node, d *Domain) {
	m := n.Child("metadata")
	if m != nil {
		d.Metadata = m.Detach()
	}
}

// sanitizeMetadata keeps the first element of each namespace and drops what has none.
func sanitizeMetadata(m *xmltree.Node) {
	if m == nil {
		return
	}
	seen := map[string]bool{"": true}
	m.Nodes = slices.DeleteFunc(m.Nodes, func(c *xmltree.Node) bool {
		drop := c.Kind != xmltree.Element || seen[c.Space]
		seen[c.Space] = true
		return drop
	})
}

// cpuSet reads a set that must not be empty; nil when the attribute is absent.
func (p *parser) cpuSet(n *xmltree.Node, attr string) *CPUSet {
	text, ok := n.Attr(attr)
	if !ok {
		return nil
	}
	set := p.bitmap(text)
	if p.OK() && set.Empty() {
		p.Unsupported("Invalid value of '%s': %s", attr, text)
	}
	return set
}

func (p *parser) bitmap(text string) *CPUSet {
	set, err := cpuset.Parse(text)
	if err != nil {
		p.Keep(virerr.New(virerr.FromNone, virerr.InvalidArg, "%s", err))
	}
	return set
}

// number reads an optional number; an empty text is zero.
func (p *parser) number(text string, bits int, complain func()) uint64 {
	if text == "" {
		return 0
	}
	v, ok := xmltree.ParseUint(text, 10, bits)
	if !ok {
		complain()
	}
	return v
}
