package virerr

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	"virtree.dev/internal/sys"
	"virtree.dev/protocol/xdr"
)

// Code is a kind of error: virErrorNumber.
type Code int32

// Domain is the part that raised an error: virErrorDomain.
type Domain int32

// Level is how bad it is: virErrorLevel.
type Level int32

// The levels.
const (
	LevelNone Level = iota
	LevelWarning
	LevelError
)

// Object names a domain or a network that an error is about.
type Object struct {
	Name string
	UUID [16]byte
	ID   int32 // of a domain
}

// Error is virError.
type Error struct {
	Code             Code
	From             Domain
	Level            Level
	Message          string // whole, as shown
	Str1, Str2, Str3 string // the text of the code, the detail, nothing
	Int1, Int2       int32
	Domain           *Object
	Network          *Object
	pc               uintptr // where it was made
}

// maxString is the bound of the strings in an error, in bytes.
const maxString = 4194304

func (e *Error) Error() string { return e.Message }

// Is says whether two errors are of the same kind.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code && t.Message == ""
}

// Kind is a target for errors.Is: any error with this code.
func Kind(c Code) error { return &Error{Code: c} }

// New makes an error as virReportError does: the message is the text of the
// code with the detail in its place, or the plain text where format is empty.
func New(from Domain, c Code, format string, args ...any) *Error {
	e := &Error{Code: c, From: from, Level: LevelError, Int1: -1, Int2: -1, pc: callerPC()}
	plain, detailed := text(c)
	if format == "" {
		e.Message, e.Str1 = plain, plain
		return e
	}
	e.Str1, e.Str2 = detailed, fmt.Sprintf(format, args...)
	e.Message = strings.Replace(detailed, "%s", e.Str2, 1)
	return e
}

// Argument makes the error of an argument that a function does not take, as
// virReportInvalidArg does: the message stands alone.
func Argument(from Domain, function, argument, format string, args ...any) *Error {
	return &Error{
		Code: InvalidArg, From: from, Level: LevelError, Message: fmt.Sprintf(format, args...),
		Str1: function, Str2: argument,
	}
}

// System makes the error of a failed system call, which err has in its chain or EIO
// stands for: format and args say what was tried.
func System(from Domain, err error, format string, args ...any) *Error {
	errno := syscall.EIO
	_ = errors.As(err, &errno)
	e := New(from, SystemError, "%s: %s", fmt.Sprintf(format, args...), sys.Errno(errno))
	e.Int1, e.pc = int32(errno), callerPC()
	return e
}

func text(c Code) (plain, detailed string) {
	if c < 0 || int(c) >= len(texts) || texts[c].plain == "" {
		return texts[InternalError].plain, texts[InternalError].detailed
	}
	return texts[c].plain, texts[c].detailed
}

// From gives the Error in err's chain; another error becomes an internal
// error of that part, or a system error where an errno is in the chain.
func From(from Domain, err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		e = New(from, SystemError, "%s", err.Error())
		e.Int1 = int32(errno)
	} else {
		e = New(from, InternalError, "%s", err.Error())
	}
	e.pc = 0 // whoever made err is not known
	return e
}

// AppendXDR implements xdr.Value in the form of virNetMessageError.
func (e *Error) AppendXDR(b []byte) []byte {
	b = xdr.AppendInt32(b, int32(e.Code))
	b = xdr.AppendInt32(b, int32(e.From))
	b = appendText(b, e.Message)
	b = xdr.AppendInt32(b, int32(e.Level))
	b = e.Domain.append(b, true)
	b = appendText(b, e.Str1)
	b = appendText(b, e.Str2)
	b = appendText(b, e.Str3)
	b = xdr.AppendInt32(b, e.Int1)
	b = xdr.AppendInt32(b, e.Int2)
	return e.Network.append(b, false)
}

// DecodeXDR implements xdr.Value.
func (e *Error) DecodeXDR(d *xdr.Decoder) {
	e.Code, e.From = Code(d.Int32()), Domain(d.Int32())
	e.Message = decodeText(d)
	e.Level = Level(d.Int32())
	e.Domain = decodeObject(d, true)
	e.Str1, e.Str2, e.Str3 = decodeText(d), decodeText(d), decodeText(d)
	e.Int1, e.Int2 = d.Int32(), d.Int32()
	e.Network = decodeObject(d, false)
}

// appendText cuts what is longer than a client takes: an error may quote what
// the client sent.
func appendText(b []byte, s string) []byte {
	if s == "" {
		return xdr.AppendBool(b, false)
	}
	s = s[:min(len(s), maxString)]
	return xdr.AppendString(xdr.AppendBool(b, true), s)
}

func decodeText(d *xdr.Decoder) string {
	if !d.Bool() {
		return ""
	}
	return d.String(maxString)
}

func (o *Object) append(b []byte, id bool) []byte {
	b = xdr.AppendBool(b, o != nil)
	if o == nil {
		return b
	}
	b = xdr.AppendFixed(xdr.AppendString(b, o.Name), o.UUID[:])
	if id {
		b = xdr.AppendInt32(b, o.ID)
	}
	return b
}

func decodeObject(d *xdr.Decoder, id bool) *Object {
	if !d.Bool() {
		return nil
	}
	o := &Object{Name: d.String(maxString)}
	d.Fixed(o.UUID[:])
	if id {
		o.ID = d.Int32()
	}
	return o
}
