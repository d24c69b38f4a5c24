package stdio

import (
	"context"
	"os"
	"path/filepath"
	"sync"

	"virtree.dev/actors/rpc/rpcclient"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/uuid"
)

// Domain is whose output it is.
type Domain struct {
	UUID uuid.UUID
	Name string
}

// Options say where output goes.
type Options struct {
	Folder string            // of the machines' logs
	Logd   *rpcclient.Daemon // virtlogd; nil: into files
	// MayLack lets output go into files where there is no virtlogd at all, neither one
	// that listens nor a program to start.
	MayLack bool
	// Anew lets the log of a machine begin anew with each start, where it is a file of ours.
	Anew bool
	Warn func(text string)
}

// Handler opens what machines write to.
type Handler struct {
	Options
	lacking sync.Once // so that it is said once
	lines   queue
}

// New makes a Handler.
func New(o Options) *Handler { return &Handler{Options: o} }

// path is the log of a machine.
func (h *Handler) path(d Domain) string { return filepath.Join(h.Folder, d.Name+".log") }

// logd gives the way to virtlogd, or nil where output goes into files.
func (h *Handler) logd() *logd {
	if h.Logd == nil || h.MayLack && h.lacks() {
		return nil
	}
	return &logd{daemon: h.Logd}
}

func (h *Handler) lacks() bool {
	if _, err := os.Stat(h.Logd.Socket); err == nil || h.Logd.Program == nil || h.Logd.Program() != "" {
		return false
	}
	h.lacking.Do(func() {
		h.Warn("there is no program '" + h.Logd.Name + "': what machines write goes into files without a limit, as with stdio_handler = \"file\"")
	})
	return true
}

// ByLogd says whether it is virtlogd who writes files, which are its own then.
func (h *Handler) ByLogd() bool { return h.logd() != nil }

// Open opens the log of a machine that is about to start.
func (h *Handler) Open(ctx context.Context, d Domain) (*Log, error) {
	h.Flush(ctx)
	if err := os.MkdirAll(h.Folder, 0o700); err != nil {
		return nil, system(err, "cannot create log directory '%s'", h.Folder)
	}
	l := &Log{path: h.path(d), logd: h.logd()}
	if l.logd == nil {
		return l, l.openFile(h.Anew)
	}
	var err error
	if l.File, l.start, err = l.logd.open(ctx, d, l.path, false); err != nil {
		l.logd.close()
		return nil, err
	}
	return l, nil
}

// OpenFile opens a file that a device of the machine writes to; fresh takes away what it had.
func (h *Handler) OpenFile(ctx context.Context, d Domain, path string, fresh bool) (*os.File, error) {
	if l := h.logd(); l != nil {
		defer l.close()
		f, _, err := l.open(ctx, d, path, fresh)
		return f, err
	}
	mode := os.O_WRONLY | os.O_CREATE | os.O_APPEND
	if fresh {
		mode = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	f, err := os.OpenFile(path, mode, 0o600)
	if err != nil {
		return nil, system(err, "Unable to pre-create chardev file '%s'", path)
	}
	return f, nil
}

func system(err error, format string, args ...any) error {
	return virerr.System(virerr.FromQEMU, err, format, args...)
}
