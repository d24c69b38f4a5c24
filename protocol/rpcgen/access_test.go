package main

import (
	"slices"
	"strings"
	"testing"
)

// Every permission that a procedure asks for is one that libvirt has, and every
// one that libvirt has is asked for.
func TestPermissionsAreLibvirts(t *testing.T) {
	var ref struct{ Objects map[string][]string }
	referenceFile(t, "11.3.0", "access.json", &ref)
	known := map[string]bool{}
	for object, list := range ref.Objects {
		for _, p := range list {
			known[strings.ToLower(strings.TrimPrefix(object, "virAccessPerm"))+":"+p] = false
		}
	}
	all := specs(t)
	for _, name := range []string{"remote", "qemu", "lxc"} {
		for _, p := range all[name].procedures {
			for _, a := range slices.Concat(p.acl, p.filter) {
				words := strings.Split(a, ":")
				key := strings.ReplaceAll(words[0], "_", "") + ":" + words[1]
				if _, ok := known[key]; !ok {
					t.Errorf("%s asks for %s, which libvirt does not have", p.name, a)
				}
				known[key] = true
				if len(words) > 2 && words[2] != "" {
					for _, flag := range strings.Split(words[2], "|") {
						condition(t, p.name, flag, all["virtype"])
					}
				}
			}
		}
	}
	for key, asked := range known {
		if !asked {
			t.Logf("nobody asks for %s", key)
		}
	}
}

// condition makes sure that a flag on which a permission depends is known.
func condition(t *testing.T, procedure, flag string, s *spec) {
	t.Helper()
	flag = strings.TrimPrefix(flag, "!")
	for _, e := range s.enums {
		for _, v := range e.values {
			if v.name == flag {
				return
			}
		}
	}
	t.Errorf("%s: no flag %s", procedure, flag)
}
