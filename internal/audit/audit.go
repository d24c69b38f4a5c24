package audit

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"go.uber.org/zap"

	"virtree.dev/internal/sys"
)

// Kind is what a record is about; its number is the kernel's.
type Kind uint16

// The kinds of records.
const (
	Control   Kind = 2500 // a machine starts or ends
	Resource  Kind = 2501 // a machine is given something, or loses it
	MachineID Kind = 2502 // the labels of a machine
)

// Record is one thing that was done, or failed.
type Record struct {
	Kind Kind
	OK   bool
	Text string
}

// maxText bounds a record: the kernel takes no more.
const maxText = 8000

// kernel takes records; it is sys.Audit but for tests.
type kernel interface {
	Send(kind uint16, text string) error
	Close() error
}

// Trail is where records go. A nil trail takes none.
type Trail struct {
	kernel  kernel // nil: none
	log     *zap.Logger
	logging bool
	exe     string
	root    bool
}

// Options are what an administrator wants.
type Options struct {
	Level   uint // 0: not in the kernel's; 1: where it has one; more: it must have one
	Logging bool // in the log as well
	Log     *zap.Logger
}

// Open opens a trail. Without an audit system in the kernel there is an error only
// where one is a must.
func Open(o Options) (*Trail, error) {
	return open(o, func() (kernel, error) { return sys.OpenAudit() })
}

func open(o Options, find func() (kernel, error)) (*Trail, error) {
	t := &Trail{log: o.Log, logging: o.Logging, root: os.Geteuid() == 0, exe: ownPath()}
	if o.Level == 0 {
		return t, nil
	}
	k, err := find()
	switch {
	case err == nil:
		t.kernel = k
	case o.Level > 1 && isMissing(err):
		return nil, errors.New("Audit is not supported by the kernel: boot one that has it, or set audit_level = 1 to go on without")
	case o.Level > 1:
		return nil, fmt.Errorf("Unable to initialize audit layer: %w", err)
	case isMissing(err):
		o.Log.Info("Audit is not supported by the kernel")
	default:
		o.Log.Error(fmt.Sprintf("Unable to initialize audit layer: %v", err))
	}
	return t, nil
}

func isMissing(err error) bool {
	return errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.EPROTONOSUPPORT) || errors.Is(err, syscall.EAFNOSUPPORT)
}

// ownPath is this program as records name it.
func ownPath() string {
	path, err := os.Executable()
	if err != nil {
		return "?"
	}
	return encode(path)
}

// Write writes records down. That it cannot be done stops nobody.
func (t *Trail) Write(records ...Record) {
	if t == nil {
		return
	}
	for _, r := range records {
		if t.logging {
			t.tell(r)
		}
		if t.kernel != nil {
			t.send(r)
		}
	}
}

func (t *Trail) tell(r Record) {
	if r.OK {
		t.log.Info("success=yes " + r.Text)
		return
	}
	t.log.Warn("success=no " + r.Text)
}

func (t *Trail) send(r Record) {
	result := "success"
	if !r.OK {
		result = "failed"
	}
	text := r.Text
	if len(text) > maxText {
		text = text[:maxText]
	}
	err := t.kernel.Send(uint16(r.Kind), fmt.Sprintf("%s exe=%s hostname=? addr=? terminal=? res=%s", text, t.exe, result))
	if err == nil || !t.root && errors.Is(err, syscall.EPERM) {
		return // users' own daemons may not: that is as it should be
	}
	t.log.Warn(fmt.Sprintf("Failed to send audit message %s: %v", r.Text, sys.Errno(err)))
}

// Close lets go of the kernel's.
func (t *Trail) Close() {
	if t != nil && t.kernel != nil {
		t.kernel.Close()
	}
}

// Field writes a value so that nobody mistakes it: in quotes, or in hexadecimal where it
// has blanks or quotes of its own.
func Field(name, value string) string { return name + "=" + encode(value) }

func encode(value string) string {
	if strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r == '"' || r >= 0x7f }) {
		return fmt.Sprintf("%X", value)
	}
	return `"` + value + `"`
}
