package diff

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const theirDaemon = "/usr/sbin/libvirtd"

func TestVirsh(t *testing.T) {
	need(t, theirDaemon, "virsh", "qemu-system-x86_64")
	everyScript(t, "testdata/virsh/*.txt", func(t *testing.T, s *side) asker {
		return func(text string) answer { return s.virsh(t, splitWords(text)...) }
	})
}

func TestPython(t *testing.T) {
	need(t, theirDaemon, "qemu-system-x86_64", python, "xmllint")
	if err := exec.Command(python, "-c", "import libvirt, libvirt_qemu").Run(); err != nil {
		t.Skip("needs libvirt's Python binding (Debian: python3-libvirt)")
	}
	everyScript(t, "testdata/python/*.txt", func(t *testing.T, s *side) asker { return s.python(t) })
}

func need(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("needs %s (Debian: libvirt-daemon-system, libvirt-clients, python3-libvirt, libxml2-utils, qemu-system-x86)", p)
		}
	}
}

// asker gives a daemon's answer to a line of a script.
type asker func(text string) answer

// everyScript runs each script against both daemons.
func everyScript(t *testing.T, pattern string, client func(*testing.T, *side) asker) {
	ours := build(t)
	scripts, err := filepath.Glob(pattern)
	if err != nil || len(scripts) == 0 {
		t.Fatal("no scripts", err)
	}
	theirs := startSide(t, "real", theirDaemon, "-t", "300")
	mine := startSide(t, "ours", ours, "-t", "300")
	for _, f := range scripts {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txt"), func(t *testing.T) {
			steps, err := readScript(f)
			if err != nil {
				t.Fatal(err)
			}
			their, our := client(t, theirs), client(t, mine)
			for _, s := range steps {
				theirs.write(t, s.files)
				mine.write(t, s.files)
				if !compare(t, s, theirs, mine, their, our) {
					t.Fatal("there is no use in going on")
				}
			}
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

// inVain is what the runner says of an event that does not come.
const inVain = "no event with"

// notWritten is what a function that a daemon has not is answered with.
const notWritten = "this function is not supported by the connection driver: "

// compare asks both daemons at once; neither hears of the next line before both have
// answered. It says whether there are still two who answer.
func compare(t *testing.T, s step, theirs, mine *side, their, our asker) bool {
	t.Helper()
	answers := make(chan answer, 1)
	go func() { answers <- their(s.text) }()
	got := our(s.text)
	want := <-answers
	w, g := s.without(theirs.same(want.text)), s.without(mine.same(got.text))
	if s.missing != "" && strings.Contains(g, notWritten) {
		return true
	}
	if want.code != got.code {
		t.Errorf("%s\nended with %d, the real one with %d\n--- real\n%s--- ours\n%s", s, got.code, want.code, w, g)
	}
	if want.code == got.code && w != g && s.differs == "" && (s.more == "" || !holds(g, w)) {
		w, g = apart(w, g)
		t.Errorf("%s\n--- real\n%s--- ours\n%s", s, w, g)
	}
	if strings.Contains(want.text, inVain) {
		t.Errorf("%s\nthe real one was waited for in vain\n%s", s, want.text)
	}
	return want.code != noAnswer && got.code != noAnswer
}

// apart leaves out the lines that two texts begin and end with alike.
func apart(a, b string) (string, string) {
	x, y := strings.SplitAfter(a, "\n"), strings.SplitAfter(b, "\n")
	head, tail := 0, 0
	for head < min(len(x), len(y)) && x[head] == y[head] {
		head++
	}
	for tail < min(len(x), len(y))-head && x[len(x)-1-tail] == y[len(y)-1-tail] {
		tail++
	}
	return strings.Join(x[head:len(x)-tail], ""), strings.Join(y[head:len(y)-tail], "")
}
