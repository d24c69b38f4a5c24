package defaults

import (
	"virtree.dev/actors/qemu/caps"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/cpu"
	"virtree.dev/protocol/xml/cpumodel"
	"virtree.dev/protocol/xml/domain"
)

// SettleCPU makes of what a document asks for the processor that a new machine gets on a host: host-model
// becomes a model, optional features are there or not, and a model that the binary lacks is described by another.
// Where the document wants it checked, the host must be able to give it.
func SettleCPU(d *domain.Domain, c *caps.Caps, host caps.Processor) error {
	if d.CPU == nil || host == nil || d.CPU.Mode == "custom" && d.CPU.Model == "" {
		return nil
	}
	if err := cpumodel.CheckFeatures(d.OS.Arch, d.CPU); err != nil {
		return err
	}
	if !c.CPUMode(d.Type, d.CPU.Mode, d.OS.Machine, host) {
		return unsupportedCPU("CPU mode '%s' for %s %s domain on %s host is not supported by hypervisor",
			d.CPU.Mode, d.OS.Arch, d.Type, host.Arch())
	}
	known := c.HostModel(d.Type, host)
	if full := known.Compared(); d.CPU.Check != "none" && full != nil {
		if err := cpumodel.CheckForbidden(d.CPU, full); err != nil {
			return err
		}
	}
	if d.CPU.Mode == "custom" || d.CPU.Mode == "host-model" {
		if err := settleModel(d, c, known, host.Arch()); err != nil {
			return err
		}
	}
	caps.DropNeverPassed(d.OS.Arch, d.CPU)
	if d.CPU.Deprecated.Given() && !c.Has("query-cpu-model-expansion.deprecated-props") {
		return unsupportedCPU("toggling deprecated features for CPU model is unsupported")
	}
	if d.CPU.Deprecated == domain.Off {
		c.DisableDeprecated(d.Type, d.CPU)
	}
	return nil
}

func settleModel(d *domain.Domain, c *caps.Caps, known *caps.HostModel, hostArch string) error {
	if d.CPU.Check == "partial" {
		if _, err := c.CheckCPU(hostArch, d.Type, d.CPU, known, known.Compared(), true); err != nil {
			return err
		}
	}
	if err := cpumodel.Update(d.OS.Arch, d.CPU, known.Migratable, cpu.Disable); err != nil {
		return err
	}
	if err := cpumodel.Translate(d.OS.Arch, d.CPU, c.Models(d.Type)); err != nil {
		return err
	}
	d.CPU.Fallback = "forbid"
	return nil
}

func unsupportedCPU(format string, args ...any) error {
	return virerr.New(virerr.FromQEMU, virerr.ConfigUnsupported, format, args...)
}
