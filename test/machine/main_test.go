package machine

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"virtree.dev/test/peer"
)

func TestMain(m *testing.M) { peer.Main(m) }

// host is a daemon and what its machines are made of.
type host struct {
	*peer.Daemon
	t   *testing.T
	uri string
}

func newHost(t *testing.T, system bool) *host {
	t.Helper()
	o := peer.Options{System: system}
	if system { // nobody starts a virtlogd there
		o.QEMU = "stdio_handler = \"file\"\n"
	}
	return startHost(t, o)
}

// startHost starts a daemon; it is ours where o names none.
func startHost(t *testing.T, o peer.Options) *host {
	t.Helper()
	for _, program := range []string{"qemu-system-x86_64", "qemu-img", "virsh"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed", program)
		}
	}
	if o.Binary == "" {
		o.Binary = peer.Build(t)
	}
	h := &host{Daemon: peer.Start(t, o), t: t}
	mode := "session"
	if o.System {
		mode = "system"
	}
	h.uri = "qemu+unix:///" + mode + "?socket=" + h.Socket()
	return h
}

// virsh runs a command of virsh and gives what it said.
func (h *host) virsh(args ...string) (string, error) {
	out, err := h.Command("virsh", append([]string{"-q", "-c", h.uri}, args...)...).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func (h *host) must(args ...string) string {
	h.t.Helper()
	out, err := h.virsh(args...)
	if err != nil {
		h.t.Fatalf("virsh %s: %s", strings.Join(args, " "), out)
	}
	return out
}

// image makes a disk of 1 MiB, upon another one where backing names it.
func (h *host) image(name, format, backing string) string {
	h.t.Helper()
	path := filepath.Join(h.Path("files"), name)
	args := []string{"create", "-q", "-f", format}
	if backing != "" {
		args = append(args, "-b", backing, "-F", "qcow2")
	}
	if out, err := h.Command("qemu-img", append(args, path, "1M")...).CombinedOutput(); err != nil {
		h.t.Fatalf("qemu-img: %s", out)
	}
	return path
}

// define defines a machine of a kind.
func (h *host) define(name string, k kind) {
	h.t.Helper()
	path := filepath.Join(h.Path("files"), name+".xml")
	if err := os.WriteFile(path, []byte(k.document(name, h.Path("files"))), 0o644); err != nil {
		h.t.Fatal(err)
	}
	h.must("define", path)
}

// running lists the processes that name the machine, QEMU and those beside it.
func running(name string) []string {
	var found []string
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range lines {
		text, err := os.ReadFile(path)
		if err == nil && strings.Contains(string(text), name) && !strings.Contains(string(text), "virsh") {
			found = append(found, strings.ReplaceAll(string(text), "\x00", " "))
		}
	}
	return found
}

// left lists the files of a machine's run.
func (h *host) left(name string) []string {
	var found []string
	_ = filepath.WalkDir(h.Path("run"), func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() && strings.Contains(path, name) {
			found = append(found, path)
		}
		return nil
	})
	return found
}
