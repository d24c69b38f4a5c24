package cli

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

const theirDaemon = "/usr/sbin/libvirtd"

var record = flag.Bool("record", false, "write the records of the real libvirtd anew")

// place is where the scripts of a file run.
type place struct {
	file string
	run  func(t *testing.T, script []string, daemon string) (out, base string)
}

var places = []place{
	{"testdata/session.txt", inSession},
	{"testdata/system.txt", inSystem},
}

func TestCases(t *testing.T) {
	daemon := binary(t)
	for _, p := range places {
		t.Run(strings.TrimSuffix(filepath.Base(p.file), ".txt"), func(t *testing.T) {
			_, cases, err := readCases(p.file)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range cases {
				t.Run(c.title, func(t *testing.T) {
					t.Parallel()
					out, base := p.run(t, c.script, daemon)
					if got, want := same(out, daemon, base), c.want(); got != want {
						t.Errorf("%s:%d: ours\n%s\n--- wanted\n%s", p.file, c.line, got, want)
					}
				})
			}
		})
	}
}

// The records are what the real one does today.
func TestRealOne(t *testing.T) {
	out, err := exec.Command(theirDaemon, "--version").Output()
	if err != nil || !strings.Contains(string(out), " 9.0.0") {
		t.Skip("needs the real libvirtd 9.0.0 (package libvirt-daemon-system)")
	}
	if os.Getenv("VIRTREE_REAL") == "" {
		t.Skip("starts the real libvirtd a hundred times: set VIRTREE_REAL to hold the records against it")
	}
	for _, p := range places {
		head, cases, err := readCases(p.file)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			out, base := p.run(t, c.script, theirDaemon)
			got := same(out, theirDaemon, base)
			if *record {
				c.theirs = strings.Split(got, "\n")
				c.ours = nil
				if c.differs != "" {
					out, base := p.run(t, c.script, binary(t))
					c.ours = strings.Split(same(out, binary(t), base), "\n")
				}
			} else if got != joined(c.theirs) {
				t.Errorf("%s:%d: %s: the real one\n%s\n--- recorded\n%s", p.file, c.line, c.title, got, joined(c.theirs))
			}
		}
		if *record {
			if err := writeCases(p.file, head, cases); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// inSession runs a script as an ordinary user.
func inSession(t *testing.T, script []string, daemon string) (out, base string) {
	t.Helper()
	b := folders(t)
	return run(t, b.shell(strings.Join(script, "\n"), daemon)), b.dir
}

// inSystem runs a script as root in a world of its own: empty folders, no
// network, and no process that outlives it.
func inSystem(t *testing.T, script []string, daemon string) (out, base string) {
	t.Helper()
	if os.Geteuid() != 0 || exec.Command("unshare", "-mnpf", "true").Run() != nil {
		t.Skip("system mode needs root and namespaces")
	}
	b := folders(t)
	if err := os.Chmod(b.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	const world = `mount -t proc proc /proc
for d in /run /var/lib/libvirt /var/cache/libvirt /var/log/libvirt /etc/libvirt; do
	mkdir -p $d && mount -t tmpfs -o mode=755 none $d || exit
done
`
	c := b.shell(world+strings.Join(script, "\n"), daemon)
	c.SysProcAttr = nil
	c.Args = append([]string{"unshare", "-mnpf", "--kill-child"}, c.Args...)
	c.Path, _ = exec.LookPath("unshare")
	return run(t, c), b.dir
}

func run(t *testing.T, c *exec.Cmd) string {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "out") // no pipe: a daemon in the background would hold it
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c.Stdout, c.Stderr = f, f
	if c.SysProcAttr == nil {
		c.SysProcAttr = &syscall.SysProcAttr{}
	}
	_ = c.Run()
	out, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
