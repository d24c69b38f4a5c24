package virtype

import (
	"slices"
	"strings"

	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virerr"
)

// Params builds a list of typed parameters in the order of the calls.
type Params []remote.TypedParam

func (p *Params) add(field string, v remote.TypedParamValue) {
	*p = append(*p, remote.TypedParam{Field: field, Value: v})
}

// Int adds an int.
func (p *Params) Int(field string, v int32) {
	p.add(field, remote.TypedParamValue{Type: TypedParamInt, I: v})
}

// Uint adds an unsigned int.
func (p *Params) Uint(field string, v uint32) {
	p.add(field, remote.TypedParamValue{Type: TypedParamUint, Ui: v})
}

// Llong adds a long long.
func (p *Params) Llong(field string, v int64) {
	p.add(field, remote.TypedParamValue{Type: TypedParamLlong, L: v})
}

// Ullong adds an unsigned long long.
func (p *Params) Ullong(field string, v uint64) {
	p.add(field, remote.TypedParamValue{Type: TypedParamUllong, Ul: v})
}

// Double adds a double.
func (p *Params) Double(field string, v float64) {
	p.add(field, remote.TypedParamValue{Type: TypedParamDouble, D: v})
}

// Boolean adds a boolean.
func (p *Params) Boolean(field string, v bool) {
	b := int32(0)
	if v {
		b = 1
	}
	p.add(field, remote.TypedParamValue{Type: TypedParamBoolean, B: b})
}

// String adds a string.
func (p *Params) String(field, v string) {
	p.add(field, remote.TypedParamValue{Type: TypedParamString, S: v})
}

var typeNames = map[int32]string{
	TypedParamInt: "int", TypedParamUint: "uint", TypedParamLlong: "llong", TypedParamUllong: "ullong",
	TypedParamDouble: "double", TypedParamBoolean: "boolean", TypedParamString: "string",
}

// Allowed names the type of each parameter that a call takes. Multiple lists
// those that may come more than once.
type Allowed struct {
	Types    map[string]int32
	Multiple map[string]bool
}

// Check refuses unknown and repeated parameters and wrong types with libvirt's
// errors; like libvirt it looks at them by name, so that of several faults the
// same one is told of.
func (a Allowed) Check(params []remote.TypedParam) error {
	sorted := slices.Clone(params)
	slices.SortStableFunc(sorted, func(a, b remote.TypedParam) int { return strings.Compare(a.Field, b.Field) })
	seen := map[string]bool{}
	for i := range sorted {
		name := sorted[i].Field
		want, known := a.Types[name]
		switch {
		case !known:
			return virerr.New(virerr.FromNone, virerr.ArgumentUnsupported, "parameter '%s' not supported", name)
		case seen[name] && !a.Multiple[name]:
			return virerr.New(virerr.FromNone, virerr.InvalidArg, "parameter '%s' occurs multiple times", name)
		case want != sorted[i].Value.Type:
			return virerr.New(virerr.FromNone, virerr.InvalidArg, "invalid type '%s' for parameter '%s', expected '%s'",
				typeNames[sorted[i].Value.Type], name, typeNames[want])
		}
		seen[name] = true
	}
	return nil
}
