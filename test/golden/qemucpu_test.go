package golden

import (
	"strings"

	"virtree.dev/actors/qemu/caps"
	"virtree.dev/protocol/xml/cpu"
	"virtree.dev/protocol/xml/cpumodel"
)

// goldenCPU is a processor of a host that results were made on: a model with features.
type goldenCPU struct{ model, features string }

// The results are of two hosts: the binary told what the first could give; of the second only the processor was known.
var (
	goldenCore2   = goldenCPU{"core2duo", "lahf_lm xtpr cx16 tm2 est vmx ds_cpl pbe tm ht ss acpi ds"}
	goldenHaswell = goldenCPU{"Haswell", "vme ds acpi ss ht tm pbe dtes64 monitor ds_cpl vmx smx est tm2 xtpr pdcm osxsave f16c " +
		"rdrand cmt pdpe1gb abm invtsc lahf_lm"}
)

func (goldenCPU) Arch() string              { return "x86_64" }
func (goldenCPU) Readable(arch string) bool { return arch == "x86_64" || arch == "i686" }
func (goldenCPU) PhysBits() uint            { return 0 }

func (g goldenCPU) Describe([]cpumodel.HypervisorModel) (*cpu.CPU, error) {
	c := &cpu.CPU{Kind: cpu.Guest, Mode: "custom", Match: "exact", Model: g.model, Vendor: "Intel"}
	for name := range strings.FieldsSeq(g.features) {
		c.SetFeature(name, cpu.Require)
	}
	return c, nil
}

// goldenProcessor gives the host's processor of a case, and what the binary tells there.
func goldenProcessor(c *qemuCase, binary *caps.Caps) (goldenCPU, *caps.Caps) {
	told := !strings.HasPrefix(c.name, "cpu-") || !strings.HasSuffix(c.variant, "-latest") ||
		strings.HasSuffix(c.name, "-kvm") || strings.HasSuffix(c.name, "-tcg")
	if told {
		return goldenCore2, binary
	}
	return goldenHaswell, binary.WithoutHostModel()
}
