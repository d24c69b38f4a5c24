package caps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"virtree.dev/protocol/qmp"
	"virtree.dev/protocol/virerr"
)

// The oldest version that is supported.
const (
	minMajor = 6
	minMinor = 2
)

// prober is one probing of one monitor.
type prober struct {
	Querier
	ctx  context.Context
	caps *Caps
	hvf  bool
}

// Option changes how a binary is probed.
type Option func(*prober)

// WithHVF tells that the host offers macOS' Hypervisor.framework, which QMP does not say.
func WithHVF() Option { return func(p *prober) { p.hvf = true } }

// Probe asks a binary that runs with its best accelerator. When Accelerated says so
// afterwards, ProbeTCG of the same binary without accelerator completes the capabilities.
func Probe(ctx context.Context, q Querier, options ...Option) (*Caps, error) {
	p := &prober{Querier: q, ctx: ctx, caps: New("", 0)}
	for _, o := range options {
		o(p)
	}
	for _, step := range []func() error{
		p.version, p.target, p.schema, p.accelerator, p.types, p.deviceProperties, p.objectProperties,
		p.machines, p.machineProperties, p.models, p.tpm, p.commandLine, p.migration,
		p.gic, p.sev, p.sgx, p.derive, p.hostCPU,
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return p.caps, nil
}

// Accelerated says whether hardware helped the binary, so that what it can do without help is a question of its own.
func (c *Caps) Accelerated() bool { return c.Has("kvm") || c.Has("hvf") }

// ProbeTCG asks the same binary when it runs without accelerator. The capabilities are still being made.
func (c *Caps) ProbeTCG(ctx context.Context, q Querier) error {
	p := &prober{Querier: q, ctx: ctx, caps: c}
	for _, step := range []func(string) error{p.modelsOf, p.hostCPUOf, p.machinesOf} {
		if err := step("qemu"); err != nil {
			return err
		}
	}
	return nil
}

// FromReplies makes capabilities from a recording of both probings, libvirt's .replies files among them.
func FromReplies(r io.Reader, options ...Option) (*Caps, error) {
	rec, err := ReadRecording(r)
	if err != nil {
		return nil, err
	}
	c, err := Probe(context.Background(), rec, options...)
	if err != nil || !c.Accelerated() || !c.Has("tcg") || !rec.another() {
		return c, err
	}
	return c, c.ProbeTCG(context.Background(), rec)
}

// accel gives the part of the capabilities that belongs to a virt type.
func (c *Caps) accel(virtType string) *Accel {
	a := c.Accels[virtType]
	if a == nil {
		a = &Accel{}
		c.Accels[virtType] = a
	}
	return a
}

// Best is the virt type of the first probing.
func (c *Caps) Best() string {
	for _, t := range []string{"kvm", "hvf"} {
		if c.flags[Flag(t)] {
			return t
		}
	}
	return "qemu"
}

// ask runs a command and decodes the reply. With one of the classes of errors it is as if the reply were empty: ok is false.
func (p *prober) ask(result any, command string, args any, classes ...string) (ok bool, err error) {
	raw, err := p.Execute(p.ctx, command, args)
	var refused *qmp.Error
	if errors.As(err, &refused) {
		for _, c := range classes {
			if refused.Class == c {
				return false, nil
			}
		}
	}
	if err != nil {
		return false, err
	}
	if err := json.Unmarshal(raw, result); err != nil {
		return false, fmt.Errorf("unexpected reply to %s: %w", command, err)
	}
	return true, nil
}

func (p *prober) version() error {
	var v qmp.Version
	if _, err := p.ask(&v, "query-version", nil); err != nil {
		return err
	}
	q := v.QEMU
	if q.Major < minMajor || q.Major == minMajor && q.Minor < minMinor {
		return virerr.New(virerr.FromQEMU, virerr.ConfigUnsupported,
			"QEMU version >= %d.%d.%d is required, but %d.%d.%d found", minMajor, minMinor, 0, q.Major, q.Minor, q.Micro)
	}
	p.caps.Version = uint(q.Major*1000000 + q.Minor*1000 + q.Micro)
	p.caps.Package = v.Package
	return nil
}

func (p *prober) target() error {
	var t struct {
		Arch string `json:"arch"`
	}
	if _, err := p.ask(&t, "query-target", nil); err != nil {
		return err
	}
	if p.caps.Arch = fromQEMU(t.Arch); p.caps.Arch == "" {
		return virerr.New(virerr.FromQEMU, virerr.InternalError, "Unknown QEMU arch %s", t.Arch)
	}
	return nil
}

func (p *prober) accelerator() error {
	var kvm struct {
		Enabled bool `json:"enabled"`
		Present bool `json:"present"`
	}
	_, err := p.ask(&kvm, "query-kvm", nil)
	p.caps.KVM = kvm.Enabled && kvm.Present
	p.caps.Set("kvm", p.caps.KVM)
	p.caps.Set("hvf", p.hvf)
	return err
}

// derive sets the flags that follow from others.
func (p *prober) derive() error {
	c := p.caps
	if c.Has("cpu-unavailable-features") {
		c.Set("canonical-cpu-features", true)
	}
	switch c.Arch {
	case "sparc", "m68k", "mips": // esp is built into machines there, which no type tells
		c.Set("ncr53c90", true)
	}
	return nil
}
