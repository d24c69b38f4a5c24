package logging

import (
	"errors"
	"fmt"
	"io"
	"log/syslog"
	"os"
	"path/filepath"

	"github.com/coreos/go-systemd/v22/journal"
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
		out, err = openSyslog(t.name)
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
	// A session daemon's log folder may not be there yet; opening tells what went wrong.
	_ = os.MkdirAll(filepath.Dir(path), 0o700)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		var pe *os.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return nil, fmt.Errorf("failed to open %s: %w", path, err)
	}
	return lineOutput{f}, nil
}

type syslogOutput struct{ w *syslog.Writer }

func openSyslog(ident string) (output, error) {
	w, err := syslog.New(syslog.LOG_DAEMON|syslog.LOG_INFO, ident)
	if err != nil {
		return nil, fmt.Errorf("failed to open syslog: %w", err)
	}
	return syslogOutput{w}, nil
}

func (o syslogOutput) write(r *record) {
	put := map[Priority]func(string) error{
		Debug: o.w.Debug, Info: o.w.Info, Warning: o.w.Warning, Error: o.w.Err,
	}[r.priority]
	_ = put(string(r.appendBody(nil)))
}

func (o syslogOutput) close() { _ = o.w.Close() }

type journalOutput struct{}

func (journalOutput) write(r *record) {
	level := map[Priority]journal.Priority{
		Debug: journal.PriDebug, Info: journal.PriInfo,
		Warning: journal.PriWarning, Error: journal.PriErr,
	}[r.priority]
	_ = journal.Send(r.text, level, r.journalFields())
}

func (journalOutput) close() {}
