package stdio

import (
	"context"
	"io"
	"os"
	"time"
)

// maxTail bounds what is read of a log for an error, in bytes.
const maxTail = 128 << 10

// Log is the log of a machine during its start: what we say of it, and its own output.
type Log struct {
	File *os.File // what the machine writes to: the file, or a pipe to virtlogd

	path  string
	logd  *logd    // nil: the file is ours
	start position // where the output that counts begins
}

func (l *Log) openFile(anew bool) error {
	f, err := os.OpenFile(l.path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return system(err, "failed to create logfile %s", l.path)
	}
	if anew {
		if err := f.Truncate(0); err != nil {
			f.Close()
			return system(err, "failed to truncate %s", l.path)
		}
	}
	l.File = f
	l.Mark(context.Background())
	return nil
}

// Say writes a line with the time before it.
func (l *Log) Say(now time.Time, text string) { l.Print(stamped(now, text)) }

// Print writes as it is. That it cannot be written stops no machine.
func (l *Log) Print(text string) { _, _ = l.File.WriteString(text) }

// stamped is a line as libvirt's logs have it.
func stamped(now time.Time, text string) string {
	return now.UTC().Format("2006-01-02 15:04:05.000+0000") + ": " + text + "\n"
}

// Mark lets only what comes from now on count as the machine's output.
func (l *Log) Mark(ctx context.Context) {
	if l.logd == nil {
		if end, err := l.File.Seek(0, io.SeekEnd); err == nil {
			l.start.Offset = uint64(end)
		}
		return
	}
	if at, err := l.logd.position(ctx, l.path); err == nil {
		l.start = at
	}
}

// Tail gives the machine's output, for an error message. Where virtlogd cannot tell, the
// file may still do.
func (l *Log) Tail(ctx context.Context) string {
	if l.logd != nil {
		_, _ = l.logd.position(ctx, l.path) // so that the last words are in the file
		if text, err := l.logd.read(ctx, l.path, l.start); err == nil {
			return text
		}
	}
	f, err := os.Open(l.path)
	if err != nil {
		return ""
	}
	defer f.Close()
	text, err := io.ReadAll(io.NewSectionReader(f, int64(l.start.Offset), maxTail))
	if err != nil {
		return ""
	}
	return string(text)
}

// Close lets go of the log; the machine has it on.
func (l *Log) Close() {
	l.File.Close()
	if l.logd != nil {
		l.logd.close()
	}
}
