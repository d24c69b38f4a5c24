package caps

import (
	"cmp"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"virtree.dev/protocol/xml/xmltree"
)

// cpuModel is an argument of query-cpu-model-expansion.
type cpuModel struct {
	Name  string                     `json:"name"`
	Props map[string]json.RawMessage `json:"props,omitempty"`
}

type expansionArgs struct {
	Type  string   `json:"type"` // static, full
	Model cpuModel `json:"model"`
}

var no, yes = json.RawMessage("false"), json.RawMessage("true")

func (p *prober) hostCPU() error { return p.hostCPUOf(p.caps.Best()) }

// hostCPUOf asks what the best model consists of, twice: of what can migrate and of all.
func (p *prober) hostCPUOf(virtType string) error {
	if !p.caps.Has("query-cpu-model-expansion") {
		return nil
	}
	model, kind := "max", p.expansionKind()
	if virtType != "qemu" {
		model = "host"
	}
	e, err := p.expand(kind, cpuModel{Name: model})
	if err != nil {
		return err
	}
	if e != nil && isX86(p.caps.Arch) {
		all, err := p.expand(kind, cpuModel{Name: model, Props: map[string]json.RawMessage{"migratable": no}})
		if err != nil {
			return err
		}
		e.compare(all)
	}
	if err := p.deprecated(e, model); err != nil {
		return err
	}
	if virtType != "qemu" && (isX86(p.caps.Arch) || isARM(p.caps.Arch)) {
		err = p.enlightenments(model)
	}
	p.caps.accel(virtType).Host = e
	return err
}

// expansionKind: QEMU that does not tell its own spelling of features has to give all spellings ("static-full").
func (p *prober) expansionKind() string {
	switch {
	case isX86(p.caps.Arch) && !p.caps.Has("canonical-cpu-features"):
		return "static-full"
	case isARM(p.caps.Arch):
		return "full"
	default:
		return "static"
	}
}

// deprecated replaces the features that go away with those a full expansion tells.
func (p *prober) deprecated(e *Expansion, model string) error {
	if !p.caps.Has("query-cpu-model-expansion.deprecated-props") {
		return nil
	}
	full, err := p.expand("full", cpuModel{Name: model})
	if e != nil && full != nil && len(full.Deprecated) > 0 {
		e.Deprecated = full.Deprecated
	}
	return err
}

func (p *prober) enlightenments(model string) error {
	e, err := p.expand("full", cpuModel{
		Name: model, Props: map[string]json.RawMessage{"migratable": no, "hv-passthrough": yes},
	})
	if e != nil {
		p.caps.hyperV(e)
	}
	return err
}

// expand gives nil for a model that cannot be expanded.
func (p *prober) expand(kind string, model cpuModel) (*Expansion, error) {
	var reply struct {
		Model      cpuModel `json:"model"`
		Deprecated []string `json:"deprecated-props"`
	}
	first, twice := strings.CutSuffix(kind, "-full")
	ok, err := p.ask(&reply, "query-cpu-model-expansion", expansionArgs{first, model}, "GenericError")
	if ok && twice {
		ok, err = p.ask(&reply, "query-cpu-model-expansion", expansionArgs{"full", reply.Model}, "GenericError")
	}
	if !ok {
		return nil, err
	}
	if reply.Model.Props == nil && p.caps.Arch != "s390x" {
		return nil, errors.New("query-cpu-model-expansion reply data was missing 'props'")
	}
	e := &Expansion{Model: reply.Model.Name, Deprecated: reply.Deprecated}
	for name, raw := range reply.Model.Props {
		if v, ok := propertyValue(raw); ok {
			e.Properties = append(e.Properties, Property{Name: name, Value: v})
		}
	}
	e.sort()
	return e, nil
}

func (e *Expansion) sort() {
	slices.SortFunc(e.Properties, func(a, b Property) int { return cmp.Compare(a.Name, b.Name) })
}

// propertyValue leaves out what is no switch, whole number or text.
func propertyValue(raw json.RawMessage) (any, bool) {
	var b bool
	if json.Unmarshal(raw, &b) == nil {
		return b, true
	}
	var n int64
	if json.Unmarshal(raw, &n) == nil {
		return n, true
	}
	var s string
	err := json.Unmarshal(raw, &s)
	return s, err == nil
}

// compare finds which properties can migrate: those that are on already when only such are wanted.
func (e *Expansion) compare(all *Expansion) {
	if all == nil {
		return
	}
	e.Migratability = true
	on := map[string]bool{}
	for _, p := range all.Properties {
		if b, ok := p.Value.(bool); ok {
			on[p.Name] = b
		}
	}
	for i := range e.Properties {
		p := &e.Properties[i]
		b, isBool := p.Value.(bool)
		also, known := on[p.Name]
		switch {
		case !isBool || !known:
		case b:
			p.Migratable = xmltree.Yes
		case also:
			p.Value, p.Migratable = true, xmltree.No
		}
	}
}
