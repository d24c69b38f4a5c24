package caps

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/cpu"
	"virtree.dev/protocol/xml/cpumodel"
)

// fixedHost is a host whose processor is a model of QEMU's.
type fixedHost struct{ arch, model string }

func (h fixedHost) Arch() string           { return h.arch }
func (h fixedHost) Readable(a string) bool { return isX86(a) }
func (h fixedHost) PhysBits() uint         { return 46 }

func (h fixedHost) Describe([]cpumodel.HypervisorModel) (*cpu.CPU, error) {
	return &cpu.CPU{Kind: cpu.Guest, Mode: "custom", Match: "exact", Model: h.model}, nil
}

func TestDescribe(t *testing.T) {
	c := fromFile(t, filepath.Join(testData(t), "caps_10.0.0_x86_64.replies"))
	c.Binary = "/usr/bin/qemu-system-x86_64"
	at := Surroundings{
		Processor: fixedHost{"x86_64", "Haswell"}, KVMVCPUs: 17, Firmware: []string{"efi"}, Loaders: []string{"/a&b"},
		SWTPM: true, TPMVersions: []string{"2.0"}, VFIO: true,
	}
	doc, err := c.Describe("x86_64", "kvm", c.Canonical("kvm", "q35"), at)
	if err != nil {
		t.Fatal(err)
	}
	text := doc.Format()
	for _, want := range []string{
		"<vcpu max='17'/>", "<value>/a&amp;b</value>", "<mode name='host-passthrough' supported='yes'>",
		"<maxphysaddr mode='passthrough' limit='46'/>", "canonical='Haswell-v1'>Haswell</model>",
		"<enum name='backendVersion'>", "<value>emulator</value>", "<ps2 supported='yes'/>", "<value>vfio</value>",
		"<model fallback='forbid'>",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	for _, never := range []string{">host</model>", "<value>ide</value>"} {
		if strings.Contains(text, never) {
			t.Errorf("there is %s", never)
		}
	}
}

func TestDescribeRefuses(t *testing.T) {
	c := New("x86_64", 7002000, "tcg")
	c.Binary = "/qemu"
	c.accel("qemu").Machines = []Machine{{Name: "pc-q35-7.2"}}
	for _, w := range [][4]string{
		{"aarch64", "qemu", "pc-q35-7.2", "Emulator '/qemu' does not support arch 'aarch64'"},
		{"x86_64", "kvm", "pc-q35-7.2", "Emulator '/qemu' does not support virt type 'kvm'"},
		{"i686", "qemu", "pc", "Emulator '/qemu' does not support machine type 'pc'"},
		{"i686", "qemu", "", "Emulator '/qemu' does not support machine type '<null>'"},
	} {
		_, err := c.Describe(w[0], w[1], w[2], Surroundings{})
		if e := new(virerr.Error); !errors.As(err, &e) || e.Str2 != w[3] {
			t.Errorf("%v: %v", w[:3], err)
		}
	}
}

// TestHostModel wants that the emulator's own processor is described without the host's help, and
// that a host of another architecture has no host-model.
func TestHostModel(t *testing.T) {
	c := fromFile(t, filepath.Join(testData(t), "caps_10.0.0_x86_64.replies"))
	m := c.HostModel("qemu", fixedHost{"x86_64", "Haswell"})
	if !m.Told() || m.Reported.Model == "" || m.Migratable == nil || m.Full != nil || m.PhysBits != 0 {
		t.Errorf("%+v", m)
	}
	if kvm := c.HostModel("kvm", fixedHost{"x86_64", "Haswell"}); kvm.Full == nil || kvm.Full.Model != "Haswell" {
		t.Errorf("full %+v", kvm.Full)
	}
	other := fromFile(t, filepath.Join(testData(t), "caps_9.2.0_x86_64.replies"))
	if m := other.HostModel("kvm", fixedHost{"aarch64", ""}); m.Reported != nil {
		t.Errorf("%+v", m.Reported)
	}
}
