package diff

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const theirDaemon = "/usr/sbin/libvirtd"

func TestSameAnswers(t *testing.T) {
	for _, need := range []string{theirDaemon, "virsh", "qemu-system-x86_64"} {
		if _, err := exec.LookPath(need); err != nil {
			t.Skipf("needs %s (Debian: libvirt-daemon-system, libvirt-clients, qemu-system-x86)", need)
		}
	}
	ours := build(t)
	scripts, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(scripts) == 0 {
		t.Fatal("no scripts", err)
	}
	theirs := startSide(t, "real", theirDaemon, "-t", "300")
	mine := startSide(t, "ours", ours, "-t", "300")
	for _, f := range scripts {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txt"), func(t *testing.T) {
			compare(t, f, theirs, mine)
		})
	}
}

func build(t *testing.T) string {
	t.Helper()
	if bin := os.Getenv("VIRTREE_LIBVIRTD"); bin != "" {
		return bin
	}
	dir, err := os.MkdirTemp("/tmp", "vtdiff-bin-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(dir, "libvirtd")
	if out, err := exec.Command("go", "build", "-o", bin, "virtree.dev/apps/libvirtd").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return bin
}

func compare(t *testing.T, script string, theirs, mine *side) {
	steps, err := readScript(script)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range steps {
		theirs.write(t, s.files)
		mine.write(t, s.files)
		want, got := theirs.virsh(t, s.args...), mine.virsh(t, s.args...)
		cmd := strings.Join(s.args, " ")
		if want.code != got.code {
			t.Errorf("%s:%d: %s\nexit code %d, the real one %d\nours: %s\nreal: %s", script, s.line, cmd, got.code, want.code, got.text, want.text)
			continue
		}
		w, g := theirs.same(want.text), mine.same(got.text)
		if w != g && s.differs == "" {
			t.Errorf("%s:%d: %s\n--- real\n%s--- ours\n%s", script, s.line, cmd, w, g)
		}
	}
}
