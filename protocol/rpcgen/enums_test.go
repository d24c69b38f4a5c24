package main

import (
	"strings"
	"testing"
)

func TestEnumerationsAreLibvirts(t *testing.T) {
	var ref struct {
		Enums map[string]struct{ Values [][]any }
	}
	referenceFile(t, "11.3.0", "enums.json", &ref)
	ours := map[string]map[string]int64{}
	for _, e := range specs(t)["virtype"].enums {
		ours[e.name] = map[string]int64{}
		for _, v := range e.values {
			ours[e.name][v.name] = v.value
		}
	}
	delete(ours, "numbers") // libvirt defines them one by one
	for name, e := range ref.Enums {
		if strings.HasPrefix(name, "virError") {
			continue // protocol/virerr has them
		}
		values := ours[name]
		for _, v := range e.Values {
			n, numeric := v[1].(float64)
			if len(v) > 3 || !numeric { // a sentinel counts the others
				continue
			}
			if got, ok := values[v[0].(string)]; !ok || got != int64(n) {
				t.Errorf("%s: %v is %d (known: %v), libvirt's %d", name, v[0], got, ok, int64(n))
			}
			delete(values, v[0].(string))
		}
		for left := range values {
			t.Errorf("%s: libvirt has no %s", name, left)
		}
		delete(ours, name)
	}
	for name := range ours {
		t.Errorf("libvirt has no enumeration %s", name)
	}
}
