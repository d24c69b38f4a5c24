package cpumodel

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/cpu"
	"virtree.dev/protocol/xml/xmlout"
)

// parse reads a processor of a test.
func parse(t *testing.T, text string) *cpu.CPU {
	t.Helper()
	c, err := cpu.ParseDocument([]byte(text), cpu.Auto, false)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return c
}

func format(c *cpu.CPU) string {
	w := xmlout.New(0)
	c.Format(w, nil)
	return w.String()
}

func detail(err error) string {
	if e := new(virerr.Error); errors.As(err, &e) {
		return e.Str2
	}
	return ""
}

func TestFacts(t *testing.T) {
	m := x86()
	if len(m.known) < 300 || len(m.models) < 140 {
		t.Fatalf("only %d features and %d models", len(m.known), len(m.models))
	}
	for _, model := range m.models {
		if model.has.Empty() {
			t.Errorf("%s has nothing", model.name)
		}
		if both := model.has.Both(model.late); !both.Empty() {
			t.Errorf("%s has %v and has it late", model.name, m.names(both))
		}
	}
	for alias, canonical := range map[string]string{"EPYC-Rome": "EPYC-Rome-v1", "Haswell-noTSX": "Haswell-v2", "EPYC-Rome-v2": ""} {
		if got := Canonical("x86_64", alias); got != canonical {
			t.Errorf("canonical name of %s is %q", alias, got)
		}
	}
	if s := m.named["Skylake-Server"].signatures[0]; !s.matches(cpu.Signature{Family: 6, Model: 85, Stepping: 4}) ||
		s.matches(cpu.Signature{Family: 6, Model: 85, Stepping: 5}) {
		t.Errorf("steppings of Skylake-Server: %+v", s)
	}
}

func TestBadFacts(t *testing.T) {
	const feature = "cpuid 1.0 edx 0:fpu 1:vme\n"
	for models, want := range map[string]string{
		"a nobody":                  "unknown",
		"a\n  has sse":              "no feature",
		"a\n  from b":               "no model",
		"a = b host":                "canonical",
		"a 6:x":                     "signature",
		"a 6:1:5-2":                 "signature",
		"a\n  what fpu":             "unknown",
		"a\nb = a host\nc = a host": "canonical",
	} {
		if _, err := loadX86(feature, models); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", models, err)
		}
	}
	for _, features := range []string{"cpuid", "cpuid x edx 0:fpu", "cpuid 1 efx 0:fpu", "cpuid 1 edx 32:fpu"} {
		if _, err := loadX86(features, ""); err == nil {
			t.Errorf("%q was taken", features)
		}
	}
}

func TestRead(t *testing.T) {
	d := Read([]Reading{
		{Leaf: 0, Registers: [4]uint32{16, 0x68747541, 0x444d4163, 0x69746e65}},
		{Leaf: 1, Registers: [4]uint32{0x00a00f11, 0, 1 << 23, 1 << 26}},
		{Leaf: 7, Registers: [4]uint32{0, 1 << 5, 0, 0}},
		{Leaf: 7, Sub: 9, Registers: [4]uint32{0, 1, 0, 0}}, // nothing is known there
		{MSR: true, Leaf: 0x10a, Registers: [4]uint32{1, 0, 0, 0}},
	})
	if d.Vendor != "AMD" || d.Signature != (cpu.Signature{Family: 25, Model: 1, Stepping: 1}) {
		t.Errorf("%q %+v", d.Vendor, d.Signature)
	}
	if got := x86().names(d.Features); !slices.Equal(got, []string{"popcnt", "sse2", "avx2", "rdctl-no"}) {
		t.Errorf("features %v", got)
	}
	if !slices.Contains(MSRs(), 0x10a) || !slices.Contains(Leaves(), [2]uint32{7, 1}) {
		t.Error("places are missing", MSRs(), Leaves())
	}
}

func TestDecode(t *testing.T) {
	m := x86()
	has := func(model string, more ...string) Data {
		d := Data{Features: m.named[model].has, Vendor: m.named[model].vendor}
		for _, name := range more {
			d.AddFeature(name)
		}
		return d
	}
	broken := has("Haswell")
	broken.Signature = cpu.Signature{Family: 6, Model: 60}
	unknown := has("Haswell")
	unknown.Vendor = ""
	for name, c := range map[string]struct {
		d    Data
		kind cpu.Kind
		hv   []HypervisorModel
		want string
	}{
		"guest":        {has("EPYC-Rome", "invtsc"), cpu.Guest, nil, "EPYC-Rome +invtsc"},
		"host":         {has("EPYC-Rome", "invtsc"), cpu.Host, nil, "EPYC-Rome-v1 invtsc"},
		"broken TSX":   {broken, cpu.Guest, nil, "Haswell-noTSX"},
		"hypervisor's": {has("Haswell"), cpu.Guest, []HypervisorModel{{Name: "Haswell-noTSX"}}, "Haswell-noTSX +hle +rtm"},
		"blocked": {has("Haswell"), cpu.Guest, []HypervisorModel{{"Haswell-noTSX", []string{"f16c"}}},
			"Haswell-noTSX +hle +rtm -f16c"},
		"dropped":   {has("Opteron_G3"), cpu.Guest, nil, "Opteron_G3 -monitor"},
		"nothing":   {Data{}, cpu.Host, nil, ""},
		"another's": {has("Haswell"), cpu.Guest, []HypervisorModel{{Name: "EPYC"}}, ""},
	} {
		got := &cpu.CPU{Kind: c.kind, Mode: "custom"}
		err := Decode(got, c.d, c.hv)
		if text := brief(got); text != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
}

// brief gives a model with what is on and off.
func brief(c *cpu.CPU) string {
	text := c.Model
	for _, f := range c.Features {
		text += " " + map[string]string{cpu.Require: "+", cpu.Disable: "-"}[f.Policy] + f.Name
	}
	return text
}

func TestCompare(t *testing.T) {
	host := parse(t, "<cpu><arch>x86_64</arch><model>Nehalem</model><vendor>Intel</vendor><feature name='ss'/></cpu>")
	for text, want := range map[string]string{
		"<cpu><model>Penryn</model></cpu>":                                                                "2",
		"<cpu><model>Nehalem</model></cpu>":                                                               "2",
		"<cpu><model>Nehalem</model><feature name='ss'/></cpu>":                                           "1",
		"<cpu><model>Nehalem</model><feature name='ss' policy='optional'/></cpu>":                         "1",
		"<cpu match='strict'><model>Nehalem</model></cpu>":                                                "Host CPU does not strictly match guest CPU: Extra features: ss",
		"<cpu><model>Westmere</model></cpu>":                                                              "Host CPU does not provide required features: aes",
		"<cpu><model>Westmere</model><feature name='aes' policy='force'/></cpu>":                          "2",
		"<cpu><model>Penryn</model><feature name='ss' policy='forbid'/></cpu>":                            "Host CPU provides forbidden features: ss",
		"<cpu><model>Penryn</model><vendor>AMD</vendor></cpu>":                                            "host CPU vendor does not match required CPU vendor AMD",
		"<cpu><arch>aarch64</arch><model>Penryn</model></cpu>":                                            "CPU arch aarch64 does not match host arch",
		"<cpu><model>Nobody</model></cpu>":                                                                "Unknown CPU model Nobody",
		"<cpu><model>Penryn</model><feature name='nothing'/></cpu>":                                       "Unknown CPU feature nothing",
		"<cpu><topology sockets='1' cores='2' threads='1'/></cpu>":                                        "2",
		"<cpu><arch>x86_64</arch><model>Penryn</model><feature name='ss'/><feature name='sse4.2'/></cpu>": "2",
	} {
		r, err := Compare("x86_64", host, parse(t, text), true)
		got := detail(err)
		if err == nil {
			got = string(rune('0' + r))
		}
		if got != want {
			t.Errorf("%s: %s", text, got)
		}
	}
	if r, err := Compare("x86_64", nil, host, false); r != Incompatible || err != nil {
		t.Errorf("without host: %v %v", r, err)
	}
}

func TestCompareUnusable(t *testing.T) {
	host := parse(t, "<cpu><model>Nehalem</model></cpu>")
	for text, want := range map[string]string{
		"<cpu><model>Denverton</model></cpu>":                                                                                  "Host CPU does not provide required features: mpx",
		"<cpu><model>Denverton</model><feature policy='disable' name='mpx'/></cpu>":                                            "",
		"<cpu><model>Denverton</model><feature policy='disable' name='mpx'/><feature name='sse2'/><feature name='aes'/></cpu>": "Host CPU does not provide required features: aes",
	} {
		_, err := CompareUnusable("x86_64", host, parse(t, text), []string{"mpx"}, true)
		if got := detail(err); got != want {
			t.Errorf("%s: %s", text, got)
		}
	}
}

func TestBaseline(t *testing.T) {
	host := func(model, rest string) string {
		return "<cpu><arch>x86_64</arch><model>" + model + "</model>" + rest + "</cpu>"
	}
	intel, amd := "<vendor>Intel</vendor>", "<vendor>AMD</vendor>"
	for name, c := range map[string]struct {
		cpus []string
		want string
	}{
		"same": {[]string{host("Nehalem", intel), host("Nehalem", intel)},
			"<cpu mode='custom' match='exact'>\n  <model fallback='forbid'>Nehalem</model>\n  <vendor>Intel</vendor>\n</cpu>\n"},
		"two models": {[]string{host("Westmere", intel), host("Nehalem", intel+"<feature name='aes'/>")},
			"<cpu mode='custom' match='exact'>\n  <model fallback='allow'>Westmere</model>\n  <vendor>Intel</vendor>\n</cpu>\n"},
		"no vendor": {[]string{host("Westmere", intel), host("Penryn", "")},
			"<cpu mode='custom' match='exact'>\n  <model fallback='allow'>Penryn</model>\n</cpu>\n"},
		"vendors":       {[]string{host("Westmere", intel), host("qemu64", amd)}, "CPU vendors do not match"},
		"wrong vendor":  {[]string{host("Westmere", intel), host("EPYC", intel)}, "CPU vendor AMD of model EPYC differs from vendor Intel"},
		"no such maker": {[]string{host("Westmere", "<vendor>Nobody</vendor>")}, "Unknown CPU vendor Nobody"},
		"no such model": {[]string{host("Nobody", "")}, "Unknown CPU model Nobody"},
		"POWER":         {[]string{"<cpu><arch>ppc64</arch><model>POWER8</model></cpu>", "<cpu><arch>ppc64</arch><model>POWER9</model></cpu>"}, "CPUs are incompatible"},
		"mainframe":     {[]string{"<cpu><arch>s390x</arch><model>z13</model></cpu>"}, "cannot compute baseline CPU of s390x architecture"},
	} {
		var cpus []*cpu.CPU
		for _, text := range c.cpus {
			cpus = append(cpus, parse(t, text))
		}
		base, err := Baseline("", cpus, nil, nil, false)
		got := detail(err)
		if err == nil {
			got = format(base)
		}
		if got != c.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestUpdate(t *testing.T) {
	host := parse(t, "<cpu><model>Nehalem</model><vendor>Intel</vendor><feature name='ss'/></cpu>")
	for text, want := range map[string]string{
		"<cpu mode='host-model'/>": "Nehalem +ss",
		"<cpu mode='host-model'><feature name='sse4.2' policy='disable'/></cpu>":  "Nehalem +ss -sse4.2",
		"<cpu match='minimum'><model>Penryn</model></cpu>":                        "Nehalem +ss",
		"<cpu><model>Penryn</model><feature name='ss' policy='optional'/></cpu>":  "Penryn +ss",
		"<cpu><model>Penryn</model><feature name='aes' policy='optional'/></cpu>": "Penryn -aes",
		"<cpu><model>Opteron_G3</model></cpu>":                                    "Opteron_G3 -monitor",
		"<cpu><model>Opteron_G3</model><feature name='monitor'/></cpu>":           "Opteron_G3 +monitor",
		"<cpu mode='host-passthrough'/>":                                          "",
	} {
		c := parse(t, text)
		if err := Update("x86_64", c, host, cpu.Disable); err != nil || brief(c) != want {
			t.Errorf("%s: %s, %v", text, brief(c), err)
		}
	}
}

func TestTranslate(t *testing.T) {
	models := []HypervisorModel{{Name: "Haswell-noTSX"}, {Name: "qemu64"}}
	c := parse(t, "<cpu><model>Haswell</model><feature name='ss'/></cpu>")
	// by its signature it is one of those whose TSX does not work
	if err := Translate("x86_64", c, models); err != nil || brief(c) != "Haswell-noTSX +ss" {
		t.Errorf("%s, %v", brief(c), err)
	}
	c = parse(t, "<cpu><model fallback='forbid'>Haswell</model></cpu>")
	if err := Translate("x86_64", c, models); detail(err) != "CPU model Haswell is not supported by hypervisor" {
		t.Error(err)
	}
}

func TestExpand(t *testing.T) {
	c := parse(t, "<cpu><model>486</model><feature policy='disable' name='vme'/><feature policy='force' name='aes'/></cpu>")
	if err := Expand("x86_64", c); err != nil || brief(c) != "486 +fpu +pse -vme" {
		t.Errorf("%s, %v", brief(c), err)
	}
	if err := Expand("x86_64", &cpu.CPU{Model: "Nobody"}); detail(err) != "unknown CPU model Nobody" {
		t.Error(err)
	}
}

func TestUpdateLive(t *testing.T) {
	of := func(names string) (d Data) {
		for _, name := range strings.Fields(names) {
			d.AddFeature(name)
		}
		return d
	}
	const partial, full = "<cpu check='partial'><model>486</model></cpu>", "<cpu check='full'><model>486</model></cpu>"
	for _, c := range []struct{ text, on, off, want string }{
		{partial, "fpu vme pse", "", "486"},
		{partial, "fpu vme pse aes", "", "486 +aes"},
		{partial, "fpu vme", "pse", "486 -pse"},
		{full, "fpu vme pse aes", "", "guest CPU doesn't match specification: extra features: aes"},
		{full, "fpu vme", "pse", "guest CPU doesn't match specification: missing features: pse"},
		{full, "fpu vme aes", "pse", "guest CPU doesn't match specification: extra features: aes, missing features: pse"},
		{partial, "fpu", "fpu", "hypervisor provided conflicting CPU data: feature 'fpu' is both enabled and disabled at the same time"},
	} {
		d := parse(t, c.text)
		_, err := UpdateLive("x86_64", d, of(c.on), of(c.off))
		got := detail(err)
		if err == nil {
			got = brief(d)
		}
		if got != c.want {
			t.Errorf("%s with %s: %s", c.text, c.on, got)
		}
	}
	late := parse(t, "<cpu check='full'><model>Penryn</model></cpu>")
	on := Data{Features: x86().named["Penryn"].has.Plus(x86().named["Penryn"].late)}
	if _, err := UpdateLive("x86_64", late, on, Data{}); err != nil || late.Feature("vmx-vnmi") == nil {
		t.Errorf("late features: %v, %s", err, brief(late))
	}
}

func TestOtherArchitectures(t *testing.T) {
	for arch, want := range map[string]string{
		"aarch64": "0", "s390x": "0", "ppc64": "7",
		"alpha": "'alpha' architecture is not supported by CPU driver", "": "undefined hardware architecture",
	} {
		names, err := Models(arch)
		got := detail(err)
		if err == nil {
			got = string(rune('0' + len(names)))
		}
		if got != want {
			t.Errorf("%s: %s", arch, got)
		}
	}
	power := func(model string) *cpu.CPU { return &cpu.CPU{Kind: cpu.Host, Arch: "ppc64", Model: model} }
	if _, err := Compare("ppc64", power("POWER8"), power("POWER9"), true); detail(err) != "host CPU model does not match required CPU model POWER9" {
		t.Error(err)
	}
	mode := &cpu.CPU{Kind: cpu.Guest, Mode: "host-model", Model: "power8"}
	if r, err := Compare("ppc64", power("POWER9"), mode, true); r != Identical || err != nil {
		t.Error(r, err)
	}
}

func BenchmarkDecode(b *testing.B) {
	d := Data{Features: x86().named["EPYC-Milan"].has, Vendor: "AMD"}
	for b.Loop() {
		if err := Decode(&cpu.CPU{Kind: cpu.Guest, Mode: "custom"}, d, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := loadX86(x86FeatureFacts, x86ModelFacts); err != nil {
			b.Fatal(err)
		}
	}
}
