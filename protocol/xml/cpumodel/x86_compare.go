package cpumodel

import (
	"strings"

	"virtree.dev/protocol/xml/cpu"
)

// Result says how a processor stands to the host's, in the numbers of the API.
type Result int32

// The results.
const (
	Incompatible Result = iota
	Identical
	Superset // the host can do more
)

// verdict is a result with what is missing when there is no other.
type verdict struct {
	Result
	why string
}

// compare says whether a host can give what a document asks for.
func (m *x86Map) compare(host, c *cpu.CPU) (verdict, error) {
	if c.Arch != "" && !isX86(c.Arch) {
		return verdict{why: "CPU arch " + c.Arch + " does not match host arch"}, nil
	}
	if c.Vendor != "" && c.Vendor != host.Vendor {
		return verdict{why: "host CPU vendor does not match required CPU vendor " + c.Vendor}, nil
	}
	has, _, err := m.features(host, anyPolicy)
	if err != nil {
		return verdict{}, err
	}
	asked := map[string]Set{}
	for _, policy := range []string{cpu.Force, cpu.Require, cpu.Optional, cpu.Disable, cpu.Forbid} {
		if asked[policy], _, err = m.features(c, policy); err != nil {
			return verdict{}, err
		}
	}
	if bad := asked[cpu.Forbid].Both(has); !bad.Empty() {
		return verdict{why: "Host CPU provides forbidden features: " + m.list(bad)}, nil
	}
	open := asked[cpu.Force].Plus(asked[cpu.Optional]).Plus(asked[cpu.Disable])
	need := asked[cpu.Require].Minus(open)
	if !has.Contains(need) {
		return verdict{why: "Host CPU does not provide required features: " + m.list(need.Minus(has))}, nil
	}
	extra := has.Minus(need).Minus(open)
	if extra.Empty() {
		return verdict{Result: Identical}, nil
	}
	if c.Kind == cpu.Guest && c.Match == "strict" {
		return verdict{why: "Host CPU does not strictly match guest CPU: Extra features: " + m.list(extra)}, nil
	}
	return verdict{Result: Superset}, nil
}

func (m *x86Map) list(s Set) string { return strings.Join(m.names(s), ", ") }
