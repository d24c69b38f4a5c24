package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// changed are facts of 9.0.0 that libvirt changed until 11.3.0, which the spec follows.
var changed = map[string]bool{
	"NODE_DEVICE_DEFINE_XML acl":     true,
	"NODE_DEVICE_GET_AUTOSTART rule": true,
}

// referenceRule is a row of readonly.json: number, name, function, rule, flags.
type referenceRule struct {
	rule  string
	flags uint64
}

func referenceRules(t *testing.T, version string) map[string]map[int]referenceRule {
	t.Helper()
	var rows map[string][]json.RawMessage
	referenceFile(t, version, "readonly.json", &rows)
	values := flagValues(t, version)
	out := map[string]map[int]referenceRule{}
	for name, list := range rows {
		if name == "shape" {
			continue
		}
		out[name] = map[int]referenceRule{}
		for _, raw := range list {
			var row []any
			if err := json.Unmarshal(raw, &row); err != nil {
				t.Fatal(err)
			}
			r := referenceRule{rule: row[3].(string)}
			for _, f := range row[4].([]any) {
				v, ok := values[f.(string)]
				if !ok {
					t.Errorf("no value for the flag %v", f)
				}
				r.flags |= v
			}
			out[name][int(row[0].(float64))] = r
		}
	}
	return out
}

// flagValues are libvirt's public enumerations by the name of the value.
func flagValues(t *testing.T, version string) map[string]uint64 {
	t.Helper()
	var enums struct {
		Enums map[string]struct{ Values [][]any }
	}
	referenceFile(t, version, "enums.json", &enums)
	out := map[string]uint64{}
	for _, e := range enums.Enums {
		for _, v := range e.Values {
			if n, ok := v[1].(float64); ok {
				out[v[0].(string)] = uint64(int64(n))
			}
		}
	}
	return out
}

var driverKinds = map[string]string{
	"Hypervisor": "hypervisor", "Network": "network", "Interface": "interface", "Storage": "storage",
	"NodeDev": "nodedev", "NodeDevice": "nodedev", "Secret": "secret", "NWFilter": "nwfilter",
}

// facts are what the spec and the reference say of a procedure, in one form.
type facts map[string]string

func (pr *procedure) facts() facts {
	f := facts{
		"number": fmt.Sprint(pr.num), "kind": pr.kind, "args": ourName(pr.args), "ret": ourName(pr.ret),
		"priority": map[bool]string{true: "high", false: "low"}[pr.high],
		"acl":      strings.Join(pr.acl, ","), "filter": strings.Join(pr.filter, ","),
		"stream": fmt.Sprint(pr.read, pr.write), "api": pr.api, "owner": pr.owner,
		"rule": fmt.Sprintf("%s %#x", pr.rule, pr.flags),
	}
	if pr.kind != "call" {
		delete(f, "rule")
		f["priority"] = ""
	}
	return f
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func (p *referenceProcedure) facts(rules map[int]referenceRule) facts {
	acl := p.ACL
	if slices.Equal(acl, []string{"none"}) {
		acl = nil
	}
	args := p.Args
	if p.Msg != nil {
		args = p.Msg
	}
	f := facts{
		"number": fmt.Sprint(p.Num), "kind": p.Kind, "args": referenceName(text(args)), "ret": referenceName(text(p.Ret)),
		"priority": p.Priority, "acl": strings.Join(acl, ","), "filter": strings.Join(p.Filter, ","),
		"stream": fmt.Sprint(p.ReadStream > 0, p.WriteStream > 0), "api": text(p.API),
	}
	if p.Kind != "call" {
		f["priority"] = ""
	}
	switch {
	case len(p.DriverKinds) > 0:
		f["owner"] = driverKinds[p.DriverKinds[0]]
	case p.DriverKinds != nil:
		f["owner"] = "server"
	}
	if r, ok := rules[p.Num]; ok && p.Kind == "call" {
		f["rule"] = fmt.Sprintf("%s %#x", r.rule, r.flags)
	}
	return f
}

func TestProceduresAreLibvirts(t *testing.T) {
	all := specs(t)
	for _, version := range versions {
		for _, name := range []string{"remote", "qemu", "lxc", "admin", "log", "lock", "keepalive"} {
			t.Run(version+"/"+name, func(t *testing.T) {
				var ref referenceProgram
				referenceFile(t, version, "proto_"+name+".json", &ref)
				compareProcedures(t, all[name].procedures, ref.Procedures, referenceRules(t, version)[name], version == "11.3.0")
			})
		}
	}
}

func compareProcedures(t *testing.T, ours []procedure, theirs []referenceProcedure, rules map[int]referenceRule, whole bool) {
	byName := map[string]facts{}
	for i := range ours {
		byName[ours[i].name] = ours[i].facts()
	}
	for i := range theirs {
		p := &theirs[i]
		got, ok := byName[p.Name]
		if !ok {
			t.Errorf("%s (%d): not in the spec", p.Name, p.Num)
			continue
		}
		delete(byName, p.Name)
		for what, want := range p.facts(rules) {
			if got[what] != want && (whole || !changed[p.Name+" "+what]) {
				t.Errorf("%s: %s is %q, libvirt's %q", p.Name, what, got[what], want)
			}
		}
	}
	for name := range byName {
		if whole {
			t.Errorf("%s: libvirt has no such procedure", name)
		}
	}
}
