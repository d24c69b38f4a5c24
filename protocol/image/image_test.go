package image

import (
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// qcow2 makes a header of version 3 with extensions in front of the backing file's name.
func qcow2(backing, format, data string) []byte {
	order := binary.BigEndian
	b := append([]byte("QFI\xfb"), make([]byte, 100)...)
	order.PutUint32(b[4:], 3)
	order.PutUint64(b[24:], 8<<20)
	order.PutUint32(b[100:], 104)
	extension := func(magic uint32, text string) {
		b = order.AppendUint32(b, magic)
		b = order.AppendUint32(b, uint32(len(text)))
		b = append(b, text...)
		for len(b)%8 != 0 {
			b = append(b, 0)
		}
	}
	if format != "" {
		extension(extensionBacking, format)
	}
	if data != "" {
		order.PutUint64(b[qcow2Features:], qcow2DataFile)
		extension(extensionDataFile, data)
	}
	extension(extensionEnd, "")
	if backing != "" {
		order.PutUint64(b[qcowBackingAt:], uint64(len(b)))
		order.PutUint32(b[qcowBackingSize:], uint32(len(backing)))
		b = append(b, backing...)
	}
	return b
}

func TestProbe(t *testing.T) {
	vdi := make([]byte, 512)
	copy(vdi[64:], "\x7f\x10\xda\xbe\x01\x00\x01\x00")
	binary.LittleEndian.PutUint64(vdi[368:], 5<<20)
	qed := append([]byte("QED\x00"), make([]byte, 60)...)
	qed[qedFeatures] = qedHasBacking | qedRawBacking
	binary.LittleEndian.PutUint64(qed[48:], 1<<20)
	binary.LittleEndian.PutUint32(qed[qedBackingAt:], 64)
	binary.LittleEndian.PutUint32(qed[qedBackingAt+4:], 3)
	qed = append(qed, "low"...)
	iso := make([]byte, MaxHeader)
	copy(iso[32769:], "CD001")
	for name, tt := range map[string]struct {
		bytes []byte
		want  Header
	}{
		"empty":       {nil, Header{Format: "raw"}},
		"text":        {[]byte("just a text, no image"), Header{Format: "raw"}},
		"qcow2":       {qcow2("", "", ""), Header{Format: "qcow2", Capacity: 8 << 20}},
		"backed":      {qcow2("base.img", "raw", ""), Header{Format: "qcow2", Capacity: 8 << 20, Backing: "base.img", BackingFormat: "raw"}},
		"no format":   {qcow2("base.img", "", ""), Header{Format: "qcow2", Capacity: 8 << 20, Backing: "base.img"}},
		"data file":   {qcow2("", "", "data.raw"), Header{Format: "qcow2", Capacity: 8 << 20, Data: "data.raw"}},
		"vdi":         {vdi, Header{Format: "vdi", Capacity: 5 << 20}},
		"qed":         {qed, Header{Format: "qed", Capacity: 1 << 20, Backing: "low", BackingFormat: "raw"}},
		"iso":         {iso, Header{Format: "iso"}},
		"new version": {[]byte("QFI\xfb\x00\x00\x00\x09"), Header{Format: "raw"}},
	} {
		got, err := Probe(tt.bytes)
		if err != nil || got != tt.want {
			t.Errorf("%s: %+v, %v; want %+v", name, got, err, tt.want)
		}
	}
}

func TestParseTrustsTheFormatOnly(t *testing.T) {
	if h, err := Parse("raw", qcow2("/etc/shadow", "raw", "")); err != nil || h != (Header{Format: "raw"}) {
		t.Errorf("a raw image that looks like another: %+v, %v", h, err)
	}
}

func TestInvalid(t *testing.T) {
	far := qcow2("base", "raw", "")
	binary.BigEndian.PutUint64(far[qcowBackingAt:], 1<<40)
	long := qcow2("base", "raw", "")
	binary.BigEndian.PutUint32(long[qcowBackingSize:], 2000)
	for name, b := range map[string][]byte{"name far away": far, "name too long": long, "short": []byte("QFI\xfb\x00\x00\x00\x03")} {
		if _, err := Parse("qcow2", b); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

// TestOfQEMU reads headers that qemu-img wrote.
func TestOfQEMU(t *testing.T) {
	tool, err := exec.LookPath("qemu-img")
	if err != nil {
		t.Skip("needs qemu-img (Debian: qemu-utils)")
	}
	dir := t.TempDir()
	for format, want := range map[string]uint64{"qcow2": 8 << 20, "qcow": 8 << 20, "qed": 8 << 20, "vdi": 8 << 20, "vmdk": 8 << 20} {
		path := filepath.Join(dir, format)
		if out, err := exec.Command(tool, "create", "-q", "-f", format, path, "8M").CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", format, err, out)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		h, err := Probe(b[:min(len(b), MaxHeader)])
		if err != nil || h.Format != format || h.Capacity != want {
			t.Errorf("%s: %+v, %v", format, h, err)
		}
	}
}

func FuzzProbe(f *testing.F) {
	f.Add(qcow2("base.img", "qcow2", "data"))
	f.Add([]byte("QED\x00"))
	f.Add([]byte("KDMV\x01\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := Probe(b)
		if err == nil && (len(h.Backing) > len(b) || h.Format == "") {
			t.Errorf("%+v", h)
		}
	})
}
