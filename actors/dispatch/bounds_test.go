package dispatch

import (
	"reflect"
	"testing"

	"virtree.dev/protocol/remote"
)

// A rule that names a field which its procedure lacks would never be checked.
func TestRulesNameFieldsThatAreThere(t *testing.T) {
	field := func(proc int32, name string) {
		p := remote.Program.Procedure(proc)
		if fieldIndex(reflect.TypeOf(p.Args()).Elem(), name) < 0 {
			t.Errorf("%s has no argument %s", p.Name, name)
		}
	}
	for proc, list := range argumentBounds {
		for _, b := range list {
			field(proc, b.field)
			if b.times != "" {
				field(proc, b.times)
			}
		}
	}
	for proc, list := range requirements {
		for _, r := range list {
			field(proc, r.field)
		}
	}
}
