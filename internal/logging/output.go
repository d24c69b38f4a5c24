package logging

import (
	"fmt"
	"io"
	"os"

	"github.com/coreos/go-systemd/v22/journal"

	"virtree.dev/internal/sys"
)

// output is an open place for messages.
type output interface {
	write(r *record)
	close()
}

// sink is an output with what was written down for it.
type sink struct {
	target
	output
	greeted bool // the version and host lines have been written
}

func open(t target) (*sink, error) {
	var (
		out output
		err error
	)
	switch t.dest {
	case toStderr:
		out = lineOutput{os.Stderr}
	case toFile:
		out, err = openFile(t.name)
	case toSyslog:
		out = &syslogOutput{socket: syslogSocket, ident: t.name}
	case toJournald:
		out = journalOutput{}
	}
	if err != nil {
		return nil, err
	}
	return &sink{target: t, output: out}, nil
}

// lineOutput writes whole lines, as stderr and files get them.
type lineOutput struct{ w io.Writer }

func (o lineOutput) write(r *record) {
	// There is nowhere to tell of a log that cannot be written.
	_, _ = o.w.Write(r.appendLine(nil))
}

func (o lineOutput) close() {
	if c, ok := o.w.(io.Closer); ok && o.w != os.Stderr {
		_ = c.Close()
	}
}

func openFile(path string) (output, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("failed to open %s: %w", path, sys.Errno(err))
	}
	return lineOutput{f}, nil
}

type journalOutput struct{}

func (journalOutput) write(r *record) {
	_ = journal.Send(r.text, journal.Priority(r.priority.severity()), r.journalFields())
}

func (journalOutput) close() {}
