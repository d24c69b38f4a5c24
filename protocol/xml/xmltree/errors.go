package xmltree

import "virtree.dev/protocol/virerr"

// raise keeps an error of the document, unless there was one before.
func (r *Reader) raise(from virerr.Domain, c virerr.Code, format string, args []any) {
	if r.err == nil {
		r.err = virerr.New(from, c, format, args...)
	}
}

func (r *Reader) fail(c virerr.Code, format string, args []any) {
	from := r.From
	switch from {
	case 0:
		from = virerr.FromDomain
	case Anybody:
		from = virerr.FromNone
	}
	r.raise(from, c, format, args)
}

// Anybody raises errors in the name of no part.
const Anybody virerr.Domain = -1

// As raises what is wrong from now on in the name of another part, until the function it gives is called.
func (r *Reader) As(from virerr.Domain) (restore func()) {
	before := r.From
	r.From = from
	return func() { r.From = before }
}

// XMLError raises VIR_ERR_XML_ERROR.
func (r *Reader) XMLError(format string, args ...any) { r.fail(virerr.XMLError, format, args) }

// Unsupported raises VIR_ERR_CONFIG_UNSUPPORTED.
func (r *Reader) Unsupported(format string, args ...any) {
	r.fail(virerr.ConfigUnsupported, format, args)
}

// Internal raises VIR_ERR_INTERNAL_ERROR.
func (r *Reader) Internal(format string, args ...any) { r.fail(virerr.InternalError, format, args) }

// InvalidArg raises VIR_ERR_INVALID_ARG.
func (r *Reader) InvalidArg(format string, args ...any) { r.fail(virerr.InvalidArg, format, args) }

// Overflow raises VIR_ERR_OVERFLOW.
func (r *Reader) Overflow(format string, args ...any) { r.fail(virerr.Overflow, format, args) }

// XMLDetail raises VIR_ERR_XML_DETAIL.
func (r *Reader) XMLDetail(format string, args ...any) { r.fail(virerr.XMLDetail, format, args) }

// NoName raises VIR_ERR_NO_NAME, which has no detail.
func (r *Reader) NoName() { r.fail(virerr.NoName, "", nil) }

// property raises VIR_ERR_XML_ERROR of what the XML reader finds wrong itself: an attribute, the root element.
func (r *Reader) property(format string, args ...any) {
	r.raise(virerr.FromXML, virerr.XMLError, format, args)
}

// NoSource raises VIR_ERR_NO_SOURCE for a target, which may be unknown.
func (r *Reader) NoSource(target string) {
	if target == "" {
		r.fail(virerr.NoSource, "", nil)
		return
	}
	r.fail(virerr.NoSource, "%s", []any{target})
}

// SystemError raises VIR_ERR_SYSTEM_ERROR.
func (r *Reader) SystemError(format string, args ...any) { r.fail(virerr.SystemError, format, args) }
