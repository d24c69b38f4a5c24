package caps

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"virtree.dev/protocol/xml/xmltree"
)

// testData is the folder of recordings; the test is skipped where there is none.
func testData(t testing.TB) string {
	t.Helper()
	folder := os.Getenv("VIRTREE_TESTDATA")
	if folder == "" {
		shared := os.Getenv("VIRTREE_SHARED")
		if shared == "" {
			shared = filepath.Join("..", "..", "..", "..", "shared")
		}
		folder = filepath.Join(shared, "testdata")
	}
	folder = filepath.Join(folder, "qemucapabilitiesdata")
	if _, err := os.Stat(folder); err != nil {
		t.Skipf("no recordings of QEMU: %v", err)
	}
	return folder
}

func fromFile(t testing.TB, path string) *Caps {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var options []Option
	if strings.Contains(path, "+hvf") {
		options = append(options, WithHVF())
	}
	c, err := FromReplies(f, options...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestRecordings compares with what libvirt makes of the same replies.
func TestRecordings(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(testData(t), "*.replies"))
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".replies"), func(t *testing.T) {
			doc, err := os.ReadFile(strings.TrimSuffix(path, ".replies") + ".xml")
			if err != nil {
				t.Skip(err)
			}
			want, err := xmltree.Parse(doc, "")
			if err != nil {
				t.Fatal(err)
			}
			compare(t, fromFile(t, path), want)
		})
	}
}

func compare(t *testing.T, c *Caps, want *xmltree.Node) {
	var flags, machines, cpus, host, hyperv []string
	for n := range want.Elements() {
		switch n.Name {
		case "flag":
			flags = append(flags, n.Get("name"))
		case "machine":
			machines = append(machines, attributes(n))
		case "cpu":
			cpus = append(cpus, attributes(n)+" "+blockers(n))
		case "hostCPU":
			head := attributes(n)
			for p := range n.Elements() {
				host = append(host, head+" "+attributes(p))
			}
		case "hypervCapabilities":
			for p := range n.Elements() {
				hyperv = append(hyperv, p.Get("name"))
			}
		}
	}
	slices.Sort(host)
	same(t, "flags", c.FlagNames(), flags)
	same(t, "machines", c.describe(describeMachine), machines)
	same(t, "CPU models", c.describe(describeCPU), cpus)
	same(t, "host CPU", c.describe(describeHost), host)
	if c.HyperV != nil {
		same(t, "Hyper-V", c.HyperV.Features, hyperv)
	}
	if v := want.Child("version"); strconv.FormatUint(uint64(c.Version), 10) != v.Content() {
		t.Errorf("version %d, want %s", c.Version, v.Content())
	}
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	bad := 0
	for _, s := range missing(want, got) {
		bad++
		t.Logf("%s: - %s", what, s)
	}
	for _, s := range missing(got, want) {
		bad++
		t.Logf("%s: + %s", what, s)
	}
	if bad > 0 || !slices.Equal(got, want) {
		t.Errorf("%s: %d differences of %d (order counts)", what, bad, len(want))
	}
}

func missing(from, in []string) (out []string) {
	set := map[string]bool{}
	for _, s := range in {
		set[s] = true
	}
	for _, s := range from {
		if !set[s] {
			out = append(out, s)
		}
	}
	return out
}

func attributes(n *xmltree.Node) string {
	var out []string
	for _, a := range n.Attrs {
		out = append(out, a.Name+"="+a.Value)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func blockers(n *xmltree.Node) string {
	var out []string
	for b := range n.Elements() {
		out = append(out, b.Get("name"))
	}
	return strings.Join(out, ",")
}

// describe goes over the accelerators in libvirt's order.
func (c *Caps) describe(of func(name string, a *Accel) []string) (out []string) {
	for _, t := range [][2]string{{"kvm", "kvm"}, {"hvf", "hvf"}, {"qemu", "tcg"}} {
		if a := c.Accels[t[0]]; a != nil {
			out = append(out, of(t[1], a)...)
		}
	}
	return out
}

// attrs joins the pairs that have a value as attributes does.
func attrs(pairs ...string) string {
	var out []string
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			out = append(out, pairs[i]+"="+pairs[i+1])
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func yesIf(b bool) string {
	if b {
		return "yes"
	}
	return ""
}

func describeMachine(name string, a *Accel) (out []string) {
	for _, m := range a.Machines {
		out = append(out, attrs("type", name, "name", m.Name, "alias", m.Alias, "hotplugCpus", yesIf(m.HotplugCPU),
			"maxCpus", fmt.Sprint(m.MaxCPUs), "default", yesIf(m.Default), "defaultCPU", m.DefaultCPU,
			"numaMemSupported", yesIf(m.NUMAMem), "defaultRAMid", m.DefaultRAM, "deprecated", yesIf(m.Deprecated),
			"acpi", m.ACPI.YesNo()))
	}
	return out
}

func describeCPU(name string, a *Accel) (out []string) {
	for _, m := range a.CPUs {
		out = append(out, attrs("type", name, "name", m.Name, "typename", m.Type, "usable", m.Usable.YesNo(),
			"deprecated", yesIf(m.Deprecated))+" "+strings.Join(m.Blockers, ","))
	}
	return out
}

func describeHost(name string, a *Accel) (out []string) {
	if a.Host == nil {
		return nil
	}
	migratability := "no"
	if a.Host.Migratability {
		migratability = "yes"
	}
	head := attrs("type", name, "model", a.Host.Model, "migratability", migratability)
	for _, p := range a.Host.Properties {
		kind := map[string]string{"bool": "boolean", "int64": "number", "string": "string"}[fmt.Sprintf("%T", p.Value)]
		out = append(out, head+" "+attrs("name", p.Name, "type", kind, "value", fmt.Sprint(p.Value), "migratable", p.Migratable.YesNo()))
	}
	slices.Sort(out)
	return out
}
