package audit

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// fake stands for the kernel.
type fake struct {
	said []string
	err  error
}

func (f *fake) Send(kind uint16, text string) error {
	f.said = append(f.said, fmt.Sprintf("%d %s", kind, text))
	return f.err
}

func (f *fake) Close() error { return nil }

// trail gives one whose kernel and log can be read.
func trail(k kernel, logging bool) (*Trail, func() []string) {
	core, logs := observer.New(zap.InfoLevel)
	t := &Trail{kernel: k, log: zap.New(core), logging: logging, exe: `"/usr/sbin/libvirtd"`, root: true}
	return t, func() []string {
		var lines []string
		for _, e := range logs.All() {
			lines = append(lines, e.Level.String()+" "+e.Message)
		}
		return lines
	}
}

func TestRecordsGoToTheKernelAndTheLog(t *testing.T) {
	k := &fake{}
	tr, log := trail(k, true)
	tr.Write(Record{Control, true, "virt=kvm op=start"}, Record{Resource, false, "virt=kvm resrc=disk"})
	wantKernel := []string{
		`2500 virt=kvm op=start exe="/usr/sbin/libvirtd" hostname=? addr=? terminal=? res=success`,
		`2501 virt=kvm resrc=disk exe="/usr/sbin/libvirtd" hostname=? addr=? terminal=? res=failed`,
	}
	wantLog := []string{"info success=yes virt=kvm op=start", "warn success=no virt=kvm resrc=disk"}
	if !slices.Equal(k.said, wantKernel) || !slices.Equal(log(), wantLog) {
		t.Errorf("kernel %q\nlog %q", k.said, log())
	}
}

func TestLevelsAndLogging(t *testing.T) {
	tr, log := trail(nil, false)
	tr.Write(Record{Control, true, "x"})
	if log() != nil {
		t.Errorf("neither is wanted: %q", log())
	}
	(*Trail)(nil).Write(Record{Control, true, "x"})
	for _, tt := range []struct {
		level  uint
		err    error
		wanted string
	}{
		{0, nil, "no kernel"},
		{1, nil, "kernel"},
		{2, nil, "kernel"},
		{1, syscall.EPROTONOSUPPORT, "no kernel"},
		{1, syscall.EMFILE, "no kernel"},
		{2, syscall.EPROTONOSUPPORT, "Audit is not supported by the kernel: boot one that has it, or set audit_level = 1 to go on without"},
		{2, syscall.EMFILE, "Unable to initialize audit layer: too many open files"},
	} {
		tr, err := open(Options{Level: tt.level, Log: zap.NewNop()}, func() (kernel, error) { return &fake{}, tt.err })
		got := "no kernel"
		switch {
		case err != nil:
			got = err.Error()
		case tr.kernel != nil:
			got = "kernel"
		}
		if got != tt.wanted {
			t.Errorf("level %d with %v: %s, want %s", tt.level, tt.err, got, tt.wanted)
		}
	}
}

func TestWhatTheKernelRefuses(t *testing.T) {
	tr, log := trail(&fake{err: syscall.EPERM}, false)
	tr.Write(Record{MachineID, true, "x"})
	if got := log(); len(got) != 1 || !strings.Contains(got[0], "Failed to send audit message x: Operation not permitted") {
		t.Errorf("as root: %q", got)
	}
	tr, log = trail(&fake{err: syscall.EPERM}, false)
	tr.root = false
	if tr.Write(Record{MachineID, true, "x"}); log() != nil {
		t.Errorf("as a user: %q", log())
	}
}

func TestLongRecordsAreCut(t *testing.T) {
	k := &fake{}
	tr, _ := trail(k, false)
	if tr.Write(Record{Control, true, strings.Repeat("x", 1<<20)}); len(k.said[0]) > maxText+200 || !strings.HasSuffix(k.said[0], "res=success") {
		t.Errorf("%d bytes", len(k.said[0]))
	}
}

func TestField(t *testing.T) {
	for value, want := range map[string]string{
		"vm": `k="vm"`, "?": `k="?"`, "a b": "k=612062", `x"`: "k=7822", "é": "k=C3A9", "": `k=""`,
	} {
		if got := Field("k", value); got != want {
			t.Errorf("%q: %s, want %s", value, got, want)
		}
	}
}
