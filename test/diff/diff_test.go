package diff

import (
	"fmt"
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
	both := startPair(t, ours)
	for _, f := range scripts {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txt"), func(t *testing.T) {
			steps, err := readScript(f)
			if err != nil {
				t.Fatal(err)
			}
			first := both.run(t, steps, client)
			if len(first) == 0 {
				return
			}
			// The real daemon's threads race on a busy host (CONTROL_ERROR or none, who
			// is first to say why QEMU ended): a difference that is ours comes back.
			t.Logf("differed, and is asked once more of daemons of its own:\n%s", strings.Join(first, "\n"))
			for _, d := range startPair(t, ours).run(t, steps, client) {
				t.Error(d)
			}
		})
	}
}

// pair is the real daemon and ours.
type pair struct{ theirs, mine *side }

func startPair(t *testing.T, ours string) pair {
	t.Helper()
	return pair{startSide(t, "real", theirDaemon, "-t", "300"), startSide(t, "ours", ours, "-t", "300")}
}

// run gives the differences of one script, up to where one of the two answers no more.
func (p pair) run(t *testing.T, steps []step, client func(*testing.T, *side) asker) []string {
	t.Helper()
	their, our := client(t, p.theirs), client(t, p.mine)
	var all []string
	for _, s := range steps {
		p.theirs.write(t, s.files)
		p.mine.write(t, s.files)
		differences, goesOn := p.compare(s, their, our)
		if all = append(all, differences...); !goesOn {
			return append(all, "there is no use in going on")
		}
	}
	return all
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
// answered. It gives what differs, and whether there are still two who answer.
func (p pair) compare(s step, their, our asker) (differences []string, goesOn bool) {
	answers := make(chan answer, 1)
	go func() { answers <- their(s.text) }()
	got := our(s.text)
	want := <-answers
	w, g := s.without(p.theirs.same(want.text)), s.without(p.mine.same(got.text))
	if s.missing != "" && strings.Contains(g, notWritten) {
		return nil, true
	}
	if want.code != got.code {
		differences = append(differences, fmt.Sprintf("%s\nended with %d, the real one with %d\n--- real\n%s--- ours\n%s", s, got.code, want.code, w, g))
	}
	if want.code == got.code && w != g && s.differs == "" && (s.more == "" || !holds(g, w)) {
		w, g = apart(w, g)
		differences = append(differences, fmt.Sprintf("%s\n--- real\n%s--- ours\n%s", s, w, g))
	}
	if strings.Contains(want.text, inVain) {
		differences = append(differences, fmt.Sprintf("%s\nthe real one was waited for in vain\n%s", s, want.text))
	}
	return differences, want.code != noAnswer && got.code != noAnswer
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
