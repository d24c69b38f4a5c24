package domain

import (
	"slices"
	"strings"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/xmlout"
	"virtree.dev/protocol/xml/xmltree"
)

// QEMUSpace is the namespace of what is passed through to QEMU.
const QEMUSpace = "http://libvirt.org/schemas/domain/qemu/1.0"

var overrideTypes = []string{"string", "signed", "unsigned", "bool", "remove"}

// namespaces reads the elements of a hypervisor's own: typed for QEMU, as written for others.
func (p *parser) namespaces(n *xmltree.Node, d *Domain) {
	if slices.Contains([]string{"qemu", "kvm", "hvf"}, d.Type) {
		q := p.qemuNamespace(n)
		if !q.empty() {
			d.QEMU = q
		}
		return
	}
	for c := range n.Elements() {
		if c.Space != "" {
			d.Foreign = append(d.Foreign, c.Detach())
		}
	}
}

func (q *QEMUNamespace) empty() bool {
	return len(q.Args)+len(q.Env)+len(q.CapsAdd)+len(q.CapsDel)+len(q.Overrides) == 0 && q.Deprecation == ""
}

func qemuChildren(n *xmltree.Node, name string) []*xmltree.Node {
	var out []*xmltree.Node
	for c := range n.Elements() {
		if c.Space == QEMUSpace && c.Name == name {
			out = append(out, c)
		}
	}
	return out
}

func (p *parser) qemuNamespace(n *xmltree.Node) *QEMUNamespace {
	defer p.As(virerr.FromQEMU)()
	q := &QEMUNamespace{}
	for _, line := range qemuChildren(n, "commandline") {
		for _, a := range qemuChildren(line, "arg") {
			v, ok := a.Attr("value")
			if !ok {
				p.Internal("No qemu command-line argument specified")
			}
			q.Args = append(q.Args, v)
		}
		for _, e := range qemuChildren(line, "env") {
			q.Env = append(q.Env, p.qemuEnv(e))
		}
	}
	for _, o := range qemuChildren(n, "override") {
		for _, dev := range qemuChildren(o, "device") {
			q.Overrides = append(q.Overrides, p.qemuOverride(dev))
		}
	}
	for _, c := range qemuChildren(n, "capabilities") {
		q.CapsAdd = append(q.CapsAdd, p.qemuCaps(c, "add")...)
		q.CapsDel = append(q.CapsDel, p.qemuCaps(c, "del")...)
	}
	q.Deprecation = n.ChildNS(QEMUSpace, "deprecation").Get("behavior")
	return q
}

func (p *parser) qemuEnv(n *xmltree.Node) EnvVar {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
	name, ok := n.Attr("name")
	value, given := n.Attr("value")
	switch {
	case !ok:
		p.Internal("No qemu environment name specified")
	case name == "" || !strings.Contains(letters, name[:1]):
		p.Internal("Invalid environment name, it must begin with a letter or underscore")
	case strings.Trim(name, letters+"0123456789") != "":
		p.Internal("Invalid environment name, it must contain only alphanumerics and underscore")
	}
	return EnvVar{Name: name, Value: value, NoValue: !given}
}

func (p *parser) qemuCaps(n *xmltree.Node, verb string) []string {
	var out []string
	for _, c := range qemuChildren(n, verb) {
		name, ok := c.Attr("capability")
		if !ok {
			p.Internal("missing capability name")
		}
		out = append(out, name)
	}
	return out
}

func (p *parser) qemuOverride(n *xmltree.Node) DeviceOverride {
	alias, ok := n.Attr("alias")
	if !ok {
		p.XMLError("missing 'alias' attribute for qemu:device")
	}
	o := DeviceOverride{Alias: alias}
	for _, f := range qemuChildren(n, "frontend") {
		for _, c := range qemuChildren(f, "property") {
			o.Properties = append(o.Properties, p.qemuProperty(c))
		}
	}
	return o
}

func (p *parser) qemuProperty(n *xmltree.Node) OverrideProperty {
	name, ok := n.Attr("name")
	switch {
	case !ok:
		p.XMLError("missing 'name' attribute for qemu:property")
	case name == "id":
		p.XMLError("property with name 'id' can't be overridden")
	}
	o := OverrideProperty{Name: name, Type: p.Enum(n, "type", overrideTypes, xmltree.Required)}
	value, given := n.Attr("value")
	o.Value = value
	switch {
	case o.Type == "remove" && given:
		p.XMLError("setting 'value' attribute of 'qemu:property' doesn't make sense with 'remove' type")
	case o.Type != "remove" && !given:
		p.XMLError("missing 'value' attribute for 'qemu:property'")
	case !o.valid():
		p.XMLError("invalid value '%s' of 'value' attribute of 'qemu:property'", value)
	}
	return o
}

func (o *OverrideProperty) valid() bool {
	ok := true
	switch o.Type {
	case "signed":
		_, ok = xmltree.ParseInt(o.Value, 10, 64)
	case "unsigned":
		_, ok = xmltree.ParseUint(o.Value, 10, 64)
	case "bool":
		ok = o.Value == "true" || o.Value == "false"
	}
	return ok
}

func formatQEMU(w *xmlout.Writer, q *QEMUNamespace) {
	if q == nil {
		return
	}
	w.Start("qemu:commandline")
	for _, a := range q.Args {
		w.Start("qemu:arg")
		w.Attr("value", a)
		w.End()
	}
	for _, e := range q.Env {
		w.Start("qemu:env")
		w.Attr("name", e.Name)
		if !e.NoValue {
			w.Attr("value", e.Value)
		}
		w.End()
	}
	w.EndOrDrop()
	w.Start("qemu:capabilities")
	for _, c := range q.CapsAdd {
		w.Start("qemu:add")
		w.Attr("capability", c)
		w.End()
	}
	for _, c := range q.CapsDel {
		w.Start("qemu:del")
		w.Attr("capability", c)
		w.End()
	}
	w.EndOrDrop()
	formatOverrides(w, q.Overrides)
	w.AttrElem("qemu:deprecation", "behavior", q.Deprecation)
}

func formatOverrides(w *xmlout.Writer, overrides []DeviceOverride) {
	w.Start("qemu:override")
	for _, o := range overrides {
		w.Start("qemu:device")
		w.Attr("alias", o.Alias)
		w.Start("qemu:frontend")
		for _, c := range o.Properties {
			w.Start("qemu:property")
			w.Attr("name", c.Name)
			w.Attr("type", c.Type)
			if c.Type != "remove" {
				w.Attr("value", c.Value)
			}
			w.End()
		}
		w.EndOrDrop()
		w.End()
	}
	w.EndOrDrop()
}
