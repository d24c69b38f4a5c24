package caps

import (
	"encoding/json"
	"slices"
)

// note sets the flags of the names that are there.
func (c *Caps) note(wanted []want, there func(string) bool) {
	for _, w := range wanted {
		if there(w.name) {
			c.Set(w.flag, true)
		}
	}
}

// named is an element of many replies.
type named struct {
	Name    string          `json:"name"`
	Default json.RawMessage `json:"default-value"`
}

func names(all []named) map[string]bool {
	set := make(map[string]bool, len(all))
	for _, n := range all {
		set[n.Name] = true
	}
	return set
}

// in gives a function that says whether a set has a name.
func in(set map[string]bool) func(string) bool {
	return func(name string) bool { return set[name] }
}

func (p *prober) schema() error {
	var raw json.RawMessage
	if _, err := p.ask(&raw, "query-qmp-schema", nil); err != nil {
		return err
	}
	s, err := parseSchema(raw)
	if err != nil {
		return err
	}
	p.caps.note(schemaQueries, s.has)
	p.caps.note(commands, s.has)
	p.caps.Set("blockjob.backing-mask-protocol",
		s.has("block-commit/arg-type/backing-mask-protocol") && s.has("block-stream/arg-type/backing-mask-protocol"))
	return nil
}

func (p *prober) types() error {
	var all []named
	_, err := p.ask(&all, "qom-list-types", nil)
	p.caps.note(objectTypes, in(names(all)))
	return err
}

type typename struct {
	Name string `json:"typename"`
}

func (p *prober) deviceProperties() error {
	for _, d := range deviceProperties {
		if d.needs != "" && !p.caps.Has(d.needs) {
			continue
		}
		var all []named
		if _, err := p.ask(&all, "device-list-properties", typename{d.kind}, "DeviceNotFound"); err != nil {
			return err
		}
		p.caps.note(d.props, in(names(all)))
		i := slices.IndexFunc(all, func(n named) bool { return n.Name == "scsi" })
		if i >= 0 && slices.Contains(d.props, want{"scsi", "virtio-blk-pci.scsi"}) && string(all[i].Default) == "false" {
			p.caps.Set("virtio-blk-pci.scsi.default.disabled", true)
		}
	}
	return nil
}

func (p *prober) objectProperties() error {
	for _, o := range objectProperties {
		if o.needs != "" && !p.caps.Has(o.needs) {
			continue
		}
		if err := p.propertiesOf(o.kind, o.props); err != nil {
			return err
		}
	}
	return nil
}

func (p *prober) propertiesOf(kind string, wanted []want) error {
	var all []named
	_, err := p.ask(&all, "qom-list-properties", typename{kind}, "DeviceNotFound")
	p.caps.note(wanted, in(names(all)))
	return err
}

// machineProperties asks the types a binary has, and two that stand behind many.
func (p *prober) machineProperties() error {
	c := p.caps
	for _, m := range machineProperties {
		name := c.Canonical(c.Best(), m.kind)
		if name != "none" && !(isX86(c.Arch) && name == "generic-pc") && c.Machine(c.Best(), name) == nil {
			continue
		}
		if err := p.propertiesOf(name+"-machine", m.props); err != nil {
			return err
		}
	}
	return nil
}

func (p *prober) tpm() error {
	for _, t := range []struct {
		command string
		wanted  []want
	}{{"query-tpm-models", tpmModels}, {"query-tpm-types", tpmTypes}} {
		var all []string
		if ok, err := p.ask(&all, t.command, nil, "CommandNotFound"); err != nil || !ok {
			return err
		}
		p.caps.note(t.wanted, func(name string) bool { return slices.Contains(all, name) })
	}
	return nil
}

func (p *prober) commandLine() error {
	var all []struct {
		Option     string  `json:"option"`
		Parameters []named `json:"parameters"`
	}
	if _, err := p.ask(&all, "query-command-line-options", nil); err != nil {
		return err
	}
	there := map[option]bool{}
	for _, o := range all {
		there[option{name: o.Option}] = true
		for _, param := range o.Parameters {
			there[option{name: o.Option, param: param.Name}] = true
		}
	}
	for _, o := range commandLine {
		if there[option{name: o.name, param: o.param}] {
			p.caps.Set(o.flag, true)
		}
	}
	return nil
}

func (p *prober) migration() error {
	var all []struct {
		Capability string `json:"capability"`
	}
	_, err := p.ask(&all, "query-migrate-capabilities", nil)
	set := map[string]bool{}
	for _, c := range all {
		set[c.Capability] = true
	}
	p.caps.note(migrationCapabilities, in(set))
	return err
}
