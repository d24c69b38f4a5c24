package main

import (
	"fmt"
	"os"
	"path/filepath"

	"virtree.dev/config/daemonconf"
	"virtree.dev/config/lockdconf"
	"virtree.dev/config/logdconf"
	"virtree.dev/config/qemuconf"
)

const head = `# Settings of %s.
#
# Each line that is commented out shows the default. Take the # away to change a
# setting, and restart the daemon, or reload it where its manual says that this is enough.
`

// samples are the files, by name, each with what it belongs to.
var samples = map[string]struct {
	of   string
	text func() string
}{
	"libvirtd.conf":   {"libvirtd", daemonconf.Sample},
	"virtqemud.conf":  {"virtqemud", daemonconf.Sample},
	"virtlogd.conf":   {"virtlogd", logdconf.Sample},
	"virtlockd.conf":  {"virtlockd", lockdconf.Sample},
	"qemu.conf":       {"the qemu driver", qemuconf.Sample},
	"qemu-lockd.conf": {"the qemu driver's leases, of virtlockd", lockdconf.SamplePlugin},
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: sampleconf FOLDER")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "sampleconf:", err)
		os.Exit(1)
	}
}

func write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, s := range samples {
		text := fmt.Sprintf(head, s.of) + s.text()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
