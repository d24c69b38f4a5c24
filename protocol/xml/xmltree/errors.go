package xmltree

import "fmt"

// Code is libvirt's error number.
type Code int32

// The numbers a document's parser raises.
const (
	CodeInternal    Code = 1
	CodeInvalidArg  Code = 8
	CodeNoName      Code = 21
	CodeXML         Code = 27
	CodeXMLDetail   Code = 35
	CodeUnsupported Code = 67
	CodeOverflow    Code = 82
)

// Error is a document's fault with libvirt's number.
type Error struct {
	Code   Code
	Detail string
}

func (e *Error) Error() string { return e.Detail }

func (r *Reader) fail(c Code, format string, args []any) {
	if r.err == nil {
		r.err = &Error{c, fmt.Sprintf(format, args...)}
	}
}

// XMLError raises VIR_ERR_XML_ERROR.
func (r *Reader) XMLError(format string, args ...any) { r.fail(CodeXML, format, args) }

// Unsupported raises VIR_ERR_CONFIG_UNSUPPORTED.
func (r *Reader) Unsupported(format string, args ...any) { r.fail(CodeUnsupported, format, args) }

// Internal raises VIR_ERR_INTERNAL_ERROR.
func (r *Reader) Internal(format string, args ...any) { r.fail(CodeInternal, format, args) }

// InvalidArg raises VIR_ERR_INVALID_ARG.
func (r *Reader) InvalidArg(format string, args ...any) { r.fail(CodeInvalidArg, format, args) }

// Overflow raises VIR_ERR_OVERFLOW.
func (r *Reader) Overflow(format string, args ...any) { r.fail(CodeOverflow, format, args) }

// XMLDetail raises VIR_ERR_XML_DETAIL.
func (r *Reader) XMLDetail(format string, args ...any) { r.fail(CodeXMLDetail, format, args) }

// NoName raises VIR_ERR_NO_NAME, which has no detail.
func (r *Reader) NoName() { r.fail(CodeNoName, "", nil) }
