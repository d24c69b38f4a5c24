package cpu

import (
	"slices"
	"strings"

	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/arch"
	"virtree.dev/protocol/xml/xmltree"
)

const vendorIDLength = 12

var (
	modes     = []string{"custom", "host-model", "host-passthrough", "maximum"}
	matches   = []string{"exact", "minimum", "strict"}
	checks    = []string{"none", "partial", "full"}
	fallbacks = []string{"allow", "forbid"}
	policies  = []string{"force", "require", "optional", "disable", "forbid"}
	caches    = []string{"emulate", "passthrough", "disable"}
	physModes = []string{"emulate", "passthrough"}
)

// ParseDocument reads a document that is one <cpu> element; validate holds it against the schema first.
func ParseDocument(text []byte, kind Kind, validate bool) (*CPU, error) {
	r := &xmltree.Reader{From: virerr.FromCPU}
	n, err := xmltree.Parse(text, "(CPU_definition)")
	if err != nil {
		r.XMLDetail("%s", err)
		return nil, r.Err()
	}
	if n.Name != "cpu" {
		r.XMLError("XML does not contain expected 'cpu' element")
		return nil, r.Err()
	}
	if validate {
		if err := Validate(n); err != nil {
			return nil, err
		}
	}
	c := Parse(r, n, kind)
	return c, r.Err()
}

// Parse reads a <cpu> element. The reader keeps what is wrong.
func Parse(r *xmltree.Reader, n *xmltree.Node, kind Kind) *CPU {
	if n.Name != "cpu" {
		r.XMLError("XML does not contain expected 'cpu' element")
		return nil
	}
	c := &CPU{Kind: kind}
	if kind == Auto {
		c.Kind = autoKind(r, n)
	}
	c.parseMode(r, n)
	if c.Kind == Guest {
		c.Match = r.Enum(n, "match", matches, xmltree.Optional)
		c.Check = r.Enum(n, "check", append([]string{"default"}, checks...), xmltree.Optional)
		c.Deprecated = r.OnOff(n, "deprecated_features")
		if c.Match == "" {
			c.Match = "exact"
		}
		if c.Check == "default" {
			c.Check = ""
		}
	} else {
		c.parseHost(r, n)
	}
	c.parseModel(r, n)
	c.parseTopology(r, n.Child("topology"))
	c.parseFeatures(r, n)
	c.parseCache(r, n)
	c.parsePhysAddr(r, n.Child("maxphysaddr"))
	return c
}

func autoKind(r *xmltree.Reader, n *xmltree.Node) Kind {
	if n.Child("arch") == nil {
		return Guest
	}
	if n.Has("match") {
		r.XMLError("'arch' element cannot be used inside 'cpu' element with 'match' attribute'")
	}
	return Host
}

func (c *CPU) parseMode(r *xmltree.Reader, n *xmltree.Node) {
	mode, given := n.Attr("mode")
	switch {
	case given && c.Kind == Host:
		r.Unsupported("Attribute mode is only allowed for guest CPU")
	case given && !slices.Contains(modes, mode):
		r.Unsupported("Invalid mode attribute '%s'", mode)
	case given:
		c.Mode = mode
	case c.Kind == Guest:
		c.Mode = "custom"
	}
	if c.Migratable = r.OnOff(n, "migratable"); c.Migratable.Given() && !c.isOpaque() {
		r.Unsupported("Attribute migratable is only allowed for 'host-passthrough' / 'maximum' CPU mode")
	}
}

// isOpaque says that the mode leaves no say in the model.
func (c *CPU) isOpaque() bool { return c.Mode == "host-passthrough" || c.Mode == "maximum" }

func (c *CPU) parseHost(r *xmltree.Reader, n *xmltree.Node) {
	if c.Arch = n.ChildText("arch"); c.Arch == "" {
		r.XMLError("Missing CPU architecture")
	} else if !arch.Known(c.Arch) {
		r.Unsupported("Unknown architecture %s", c.Arch)
	}
	if m := n.Child("microcode"); m.Has("version") {
		v, ok := xmltree.ParseUint(m.Get("version"), 10, 32)
		if !ok {
			r.Unsupported("invalid microcode version")
		}
		c.Microcode = uint(v)
	}
	if s := n.Child("signature"); s != nil {
		c.Signature = &Signature{}
		c.Signature.Family, _ = r.Uint(s, "family", 10, xmltree.Required|xmltree.NonZero)
		c.Signature.Model, _ = r.Uint(s, "model", 10, xmltree.Required)
		c.Signature.Stepping, _ = r.Uint(s, "stepping", 10, xmltree.Required)
	}
	for k := range n.Children("counter") {
		if k.Get("name") == "tsc" {
			c.Counter = &Counter{Name: "tsc", Scaling: r.YesNo(k, "scaling")}
			c.Counter.Frequency, _ = r.Ulong(k, "frequency", 10, xmltree.Required)
			break
		}
	}
}

func (c *CPU) parseModel(r *xmltree.Reader, n *xmltree.Node) {
	model := n.Child("model")
	if c.Model = model.Content(); c.Model == "" && c.Kind == Host {
		r.XMLError("Missing CPU model name")
	}
	if c.Kind == Guest && !c.isOpaque() {
		if c.Fallback = model.Get("fallback"); c.Fallback != "" && !slices.Contains(fallbacks, c.Fallback) {
			r.Unsupported("Invalid fallback attribute")
		}
		c.VendorID = model.Get("vendor_id")
		switch {
		case c.VendorID == "":
		case len(c.VendorID) != vendorIDLength:
			r.XMLError("vendor_id must be exactly %d characters long", vendorIDLength)
		case strings.Contains(c.VendorID, ","):
			r.XMLError("vendor id is invalid")
		}
	}
	if c.Vendor = n.ChildText("vendor"); c.Vendor != "" && c.Model == "" {
		r.XMLError("CPU vendor specified without CPU model")
	}
}

func (c *CPU) parseTopology(r *xmltree.Reader, n *xmltree.Node) {
	if n == nil {
		return
	}
	t := &Topology{Dies: 1, Clusters: 1}
	t.Sockets, _ = r.Uint(n, "sockets", 10, xmltree.Required|xmltree.NonZero)
	if v, ok := r.Uint(n, "dies", 10, xmltree.NonZero); ok {
		t.Dies = v
	}
	if v, ok := r.Uint(n, "clusters", 10, xmltree.NonZero); ok {
		t.Clusters = v
	}
	t.Cores, _ = r.Uint(n, "cores", 10, xmltree.Required|xmltree.NonZero)
	t.Threads, _ = r.Uint(n, "threads", 10, xmltree.Required|xmltree.NonZero)
	c.Topology = t
}

func (c *CPU) parseFeatures(r *xmltree.Reader, n *xmltree.Node) {
	if n.Child("feature") != nil && c.Model == "" && c.Mode == "custom" {
		r.XMLError("Non-empty feature list specified without CPU model")
	}
	seen := map[string]bool{}
	for f := range n.Children("feature") {
		name, policy := f.Get("name"), ""
		if c.Kind == Guest {
			policy = "require"
			if p, ok := f.Attr("policy"); ok {
				policy = p
			}
			if !slices.Contains(policies, policy) {
				r.Unsupported("Invalid CPU feature policy")
			}
		}
		if name == "" {
			r.XMLError("Invalid CPU feature name")
		}
		if seen[name] {
			r.XMLError("CPU feature '%s' specified more than once", name)
		}
		seen[name] = true
		c.Features = append(c.Features, Feature{Name: name, Policy: policy})
	}
}

func (c *CPU) parseCache(r *xmltree.Reader, n *xmltree.Node) {
	k := n.Child("cache")
	if k == nil {
		return
	}
	if n.Count("cache") > 1 {
		r.XMLError("at most one CPU cache element may be specified")
	}
	c.Cache = &Cache{Level: -1}
	if level, ok := r.Int(k, "level", 10, xmltree.NonNegative); ok {
		if level < 1 || level > 3 {
			r.XMLError("invalid CPU cache level, must be in range [1,3]")
		}
		c.Cache.Level = level
	}
	c.Cache.Mode = r.Enum(k, "mode", caches, xmltree.Required)
}

func (c *CPU) parsePhysAddr(r *xmltree.Reader, n *xmltree.Node) {
	if n == nil {
		return
	}
	p := &PhysAddr{Mode: r.Enum(n, "mode", physModes, xmltree.Required), Bits: -1}
	if bits, ok := r.Int(n, "bits", 10, xmltree.NonNegative); ok {
		p.Bits = bits
	}
	if limit, ok := r.Uint(n, "limit", 10, xmltree.NonZero); ok {
		if p.Limit = limit; p.Mode != "passthrough" {
			r.Unsupported("attribute 'limit' is only supported for maxphysaddr mode 'passthrough'")
		}
	}
	c.PhysAddr = p
}
