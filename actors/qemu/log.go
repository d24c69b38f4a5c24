package qemu

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"virtree.dev/actors/qemu/caps"
	"virtree.dev/actors/qemu/stdio"
	"virtree.dev/actors/rpc/rpcclient"
	xml "virtree.dev/protocol/xml/domain"
	"virtree.dev/supervisor/gen"
)

// newStdio decides where machines write, as qemu.conf has it. In session mode a host without
// any virtlogd can have machines all the same, unless the file asks for it: the limit that it
// puts on a log guards the host from its guests, and a user's files are the user's own.
func newStdio(o *Options) *stdio.Handler {
	h := stdio.Options{
		Folder: o.Dirs.QEMU().Log, Anew: !o.Dirs.Privileged,
		Warn: func(text string) { o.Log.Warn(text) },
	}
	if handler := o.Config.Process.StdioHandler; handler != "file" {
		h.Logd = rpcclient.Of(o.Dirs, "virtlogd")
		h.Logd.Without = `or set stdio_handler = "file" in ` + filepath.Join(o.Dirs.Config, "qemu.conf")
		h.MayLack = handler == "" && !o.Dirs.Privileged
	}
	return stdio.New(h)
}

// writerOf names the machine that writes.
func writerOf(def *xml.Domain) stdio.Domain { return stdio.Domain{UUID: def.UUID, Name: def.Name} }

// lastLine is how the line begins that says why a machine ended. It may be there
// before the machine's own last words are read.
const lastLine = "shutting down, reason="

// sayLast tells the log of a machine why it ended.
func (m *machine) sayLast(p *gen.Process) {
	m.drv.stdio.Say(time.Now(), writerOf(m.status.Domain), lastLine+m.core.State.ReasonName(m.core.Reason))
	_ = gen.Send(p.Named(nameStore), sayNow{}) // when it is full, the line goes out with the next
}

// sayNow asks the store to write what is to be said in logs: it lives longer than the domain.
type sayNow struct{}

// maxQuoted bounds what an error quotes of a log.
const maxQuoted = 1024

// quotable leaves out the lines that are no error, and all but the last kilobyte.
func quotable(b []byte) string {
	var kept []byte
	for line := range bytes.Lines(b) {
		if !bytes.Contains(line, []byte("char device redirected to")) && !bytes.Contains(line, []byte(lastLine)) {
			kept = append(kept, line...)
		}
	}
	kept = bytes.TrimSuffix(kept, []byte("\n"))
	if skip := len(kept) - maxQuoted; skip > 0 {
		kept = kept[skip:]
		// Better a whole line less than half a line more.
		if _, rest, ok := bytes.Cut(kept, []byte("\n")); ok && len(rest) > 0 {
			kept = rest
		}
	}
	return string(kept)
}

// removeLogs takes away a machine's log with the older parts of it.
func removeLogs(path string) {
	old, err := filepath.Glob(path + ".*")
	if err != nil {
		old = nil // a name with wildcards of its own: only the log itself goes
	}
	for _, p := range append(old, path) {
		_ = os.Remove(p)
	}
}

// startingUp is the line that a machine's log begins with.
func (d *Driver) startingUp(c *caps.Caps) string {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	return fmt.Sprintf("starting up libvirt version: %s, qemu version: %s%s, kernel: %s, hostname: %s",
		versionText(libraryVersion), versionText(int(c.Version)), c.Package, d.host.Kernel(), host)
}

// versionText writes a version as people do.
func versionText(v int) string {
	return fmt.Sprintf("%d.%d.%d", v/1_000_000, v/1000%1000, v%1000)
}
