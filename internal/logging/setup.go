package logging

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"virtree.dev/internal/sys"
)

const journalSocket = "/run/systemd/journal/socket"

// Setup is everything that says how a daemon logs.
type Setup struct {
	Level            uint // 0: not set
	Filters, Outputs string
	Verbose          bool
	Background       bool
	Privileged       bool   // system mode
	File             string // where a daemon in the background logs without journald
	Getenv           func(string) string
}

// Apply sets the log up: the command line counts before the environment, and
// that before the configuration file.
func (s Setup) Apply(l *Log) error {
	if s.Level != 0 {
		if err := l.SetPriority(Priority(s.Level)); err != nil {
			return err
		}
	}
	if err := l.SetFilters(s.Filters); err != nil {
		return err
	}
	if err := l.SetOutputs(s.Outputs); err != nil {
		return err
	}
	if err := s.ApplyEnvironment(l); err != nil {
		return err
	}
	if s.Verbose && l.Priority() > Info {
		if err := l.SetPriority(Info); err != nil {
			return err
		}
	}
	standard, err := s.defaultOutput(l.Priority())
	if err != nil {
		return err
	}
	l.setStandard(standard.String())
	if l.NumOutputs() == 0 {
		return l.SetOutputs("")
	}
	return nil
}

// ApplyEnvironment sets what only the environment says, which counts before a
// configuration file is read.
func (s Setup) ApplyEnvironment(l *Log) error {
	for _, e := range []struct {
		name string
		set  func(string) error
	}{
		{"LIBVIRT_DEBUG", func(v string) error {
			p, err := ParsePriority(v)
			if err != nil {
				return err
			}
			return l.SetPriority(p)
		}},
		{"LIBVIRT_LOG_FILTERS", l.SetFilters},
		{"LIBVIRT_LOG_OUTPUTS", l.SetOutputs},
	} {
		if v := s.Getenv(e.name); v != "" {
			if err := e.set(v); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s Setup) defaultOutput(p Priority) (target, error) {
	useJournal := s.Background || !sys.IsTerminal(os.Stdin)
	switch {
	case useJournal && syscall.Access(journalSocket, 2) == nil:
		// libvirt keeps debug messages out of the journal.
		return target{priority: max(p, Info), dest: toJournald}, nil
	case s.Background:
		return target{priority: p, dest: toFile, name: s.File}, s.makeFolder()
	}
	return target{priority: p, dest: toStderr}, nil
}

// makeFolder makes a user's log folder; that of the system belongs to the installation.
func (s Setup) makeFolder() error {
	if s.Privileged {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(s.File), 0o700); err != nil {
		return fmt.Errorf("Could not create log directory: %w", sys.Errno(err))
	}
	return nil
}
