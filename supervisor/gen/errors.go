package gen

import (
	"errors"
	"fmt"
)

// The errors of the runtime.
var (
	ErrFull     = errors.New("mailbox full")
	ErrDown     = errors.New("process down")
	ErrNoProc   = errors.New("no such process")
	ErrCycle    = errors.New("call cycle")
	ErrLater    = errors.New("answered later") // from HandleCall: From.Reply will be called
	ErrTaken    = errors.New("name already registered")
	ErrStopping = errors.New("process is stopping")
	ErrZombie   = errors.New("process did not stop in its time")
	ErrMeta     = errors.New("a meta process has no children")

	// Normal and Shutdown are reasons of an orderly end.
	Normal   = errors.New("normal")
	Shutdown = errors.New("shutdown")
)

// PanicError is the exit reason of a process that panicked.
type PanicError struct {
	Value any
	Stack []byte
}

func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// DownError wraps why a callee ended; errors.Is(err, ErrDown) holds.
type DownError struct {
	Who    string // its path, or the name that nobody has
	Reason error
}

func (e *DownError) Error() string { return fmt.Sprintf("%s is down: %v", e.Who, e.Reason) }

// Unwrap gives ErrDown and the reason.
func (e *DownError) Unwrap() []error { return []error{ErrDown, e.Reason} }

// Orderly says whether a reason is an ordinary end.
func Orderly(reason error) bool {
	return reason == nil || errors.Is(reason, Normal) || errors.Is(reason, Shutdown)
}

func isPanic(reason error) bool {
	var p *PanicError
	return errors.As(reason, &p)
}
