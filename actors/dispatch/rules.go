package dispatch

import (
	"fmt"
	"reflect"
	"strings"

	"virtree.dev/protocol/program"
	"virtree.dev/protocol/remote"
)

// rule is a permission that a call needs, always or under a condition.
type rule struct {
	Object, Permission string
	unless             bool   // it is needed when none of the flags is set
	flags              uint64 // it is needed when all of them are; 0: always
	field              string // it is needed when this field has the value
	value              uint64
}

// rulesOf are what a procedure needs.
func rulesOf(p *program.Procedure) []rule {
	var list []rule
	for _, text := range p.ACL {
		list = append(list, parseRule(text))
	}
	return list
}

// parseRule reads object:permission[:flags[:field:value]]; a mistake is the
// author's.
func parseRule(text string) rule {
	parts := append(strings.Split(text, ":"), "", "", "")
	r := rule{Object: parts[0], Permission: parts[1]}
	if names, unless := strings.CutPrefix(parts[2], "!"); names != "" {
		r.unless, r.flags = unless, flagValues(names)
	}
	if parts[3] != "" {
		r.field = strings.ToUpper(parts[3][:1]) + parts[3][1:]
		r.value = flagValues(parts[4])
	}
	return r
}

func flagValues(names string) (flags uint64) {
	for name := range strings.SplitSeq(names, "|") {
		v, ok := aclFlags[name]
		if !ok {
			panic(fmt.Sprintf("a rule of access has the flag %q, whose value is not known", name))
		}
		flags |= v
	}
	return flags
}

// applies says whether arguments are such that the permission is needed.
func (r *rule) applies(args any) bool {
	if r.flags == 0 && r.field == "" {
		return true
	}
	v := reflect.ValueOf(args).Elem()
	if r.field != "" {
		return v.FieldByName(r.field).Uint() == r.value
	}
	var flags uint64
	if f := v.FieldByName("Flags"); f.IsValid() {
		flags = uint64(number(f))
	}
	if r.unless {
		return flags&r.flags == 0
	}
	return flags&r.flags == r.flags
}

// wireTypes are how calls name objects.
var wireTypes = map[string]reflect.Type{
	"domain":           reflect.TypeFor[remote.NonnullDomain](),
	"network":          reflect.TypeFor[remote.NonnullNetwork](),
	"network_port":     reflect.TypeFor[remote.NonnullNetworkPort](),
	"interface":        reflect.TypeFor[remote.NonnullInterface](),
	"storage_pool":     reflect.TypeFor[remote.NonnullStoragePool](),
	"storage_vol":      reflect.TypeFor[remote.NonnullStorageVol](),
	"node_device":      reflect.TypeFor[remote.NonnullNodeDevice](),
	"secret":           reflect.TypeFor[remote.NonnullSecret](),
	"nwfilter":         reflect.TypeFor[remote.NonnullNwfilter](),
	"nwfilter_binding": reflect.TypeFor[remote.NonnullNwfilterBinding](),
}

// namedIn finds where arguments name their object, itself or as the owner of a
// snapshot or checkpoint; nil if they do not.
func namedIn(p *program.Procedure, rules []rule) []int {
	if p.Args == nil || len(rules) == 0 {
		return nil
	}
	return fieldOf(reflect.TypeOf(p.Args()).Elem(), wireTypes[rules[0].Object], 2)
}

func fieldOf(t, want reflect.Type, depth int) []int {
	if want == nil || depth == 0 || t.Kind() != reflect.Struct {
		return nil
	}
	for i := range t.NumField() {
		if t.Field(i).Type == want {
			return []int{i}
		}
	}
	for i := range t.NumField() {
		if path := fieldOf(t.Field(i).Type, want, depth-1); path != nil {
			return append([]int{i}, path...)
		}
	}
	return nil
}

// Named gives what a message names its object by, nil if it does not.
func Named(object string, message any) any {
	v := reflect.ValueOf(message).Elem()
	path := fieldOf(v.Type(), wireTypes[object], 2)
	if path == nil {
		return nil
	}
	return v.FieldByIndex(path).Addr().Interface()
}
