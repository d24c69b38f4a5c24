package qemu

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"virtree.dev/actors/qemu/caps"
)

// machineLog is the log file of one machine: what we say of it, and its own output.
type machineLog struct {
	file  *os.File
	start int64 // where the output of this run begins
}

// openLog opens the log of a domain for appending.
func openLog(folder, name string) (*machineLog, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(folder, name+".log"), os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		f.Close()
		return nil, err
	}
	return &machineLog{file: f, start: end}, nil
}

// say writes a line of ours; only the output behind it counts as this run's.
func (l *machineLog) say(now time.Time, text string) {
	fmt.Fprintf(l.file, "%s: %s\n", now.UTC().Format("2006-01-02 15:04:05.000+0000"), text)
	l.mark()
}

func (l *machineLog) mark() {
	if end, err := l.file.Seek(0, io.SeekEnd); err == nil {
		l.start = end
	}
}

// maxQuoted bounds what an error quotes of a log.
const maxQuoted = 1024

// tail gives the last lines of this run's output, for an error message.
func (l *machineLog) tail() string {
	b, err := io.ReadAll(io.NewSectionReader(l.file, l.start, 1<<20))
	if err != nil {
		return ""
	}
	return quotable(b)
}

// quotable leaves out the lines that are no error, and all but the last kilobyte.
func quotable(b []byte) string {
	var kept []byte
	for line := range bytes.Lines(b) {
		if !bytes.Contains(line, []byte("char device redirected to")) {
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
