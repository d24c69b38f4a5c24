package conf

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"strings"

	"virtree.dev/internal/sys"
)

// The bounds that keep a hostile file from costing more than it is worth.
const (
	maxFileSize = 10 << 20
	maxDepth    = 32
)

// The classes of an *Error; their texts are those of the libvirt error codes.
var (
	ErrSyntax      = errors.New("configuration file syntax error")
	ErrOverflow    = errors.New("numerical overflow")
	ErrType        = errors.New("internal error")
	ErrUnsupported = errors.New("unsupported configuration")
	ErrArgument    = errors.New("invalid argument")
)

// Error is what is wrong with a file, and where.
type Error struct {
	Class error
	File  string
	Line  int
	Text  string
	begin int // the line on which began what is wrong, where that is another
}

func (e *Error) Error() string {
	return fmt.Sprintf("%v: %s:%d: %s", e.Class, e.File, e.Line, e.Text)
}

// Unwrap gives the class, for errors.Is.
func (e *Error) Unwrap() error { return e.Class }

// ReadFile parses the file at path.
func ReadFile(path string) (*File, error) {
	src, err := load(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, src)
}

func load(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, openError(path, err)
	}
	defer f.Close()
	src, err := io.ReadAll(io.LimitReader(f, maxFileSize+1))
	if err != nil {
		return nil, fmt.Errorf("Failed to read file '%s': %w", path, sys.Errno(err))
	}
	if len(src) > maxFileSize {
		return nil, fmt.Errorf("Failed to read file '%s': Value too large for defined data type", path)
	}
	return src, nil
}

// ReadOptional is ReadFile but for a file that may be missing: it gives nil when it is.
func ReadOptional(path string, mayBeMissing bool) (*File, error) {
	f, err := ReadFile(path)
	if mayBeMissing && errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return f, err
}

func openError(path string, err error) error {
	return fmt.Errorf("Failed to open file '%s': %w", path, sys.Errno(err))
}

// Parse reads src; name stands in its messages.
func Parse(name string, src []byte) (*File, error) {
	p := parser{file: &File{Name: name}, src: string(src), line: 1}
	for p.pos < len(p.src) {
		if err := p.statement(); err != nil {
			return nil, err
		}
	}
	return p.file, nil
}

type parser struct {
	file *File
	src  string
	pos  int
	line int
}

// cur is the byte in hand, 0 at the end: no byte of the grammar is 0.
func (p *parser) cur() byte {
	if p.pos < len(p.src) {
		return p.src[p.pos]
	}
	return 0
}

func (p *parser) fail(class error, text string) error {
	return &Error{Class: class, File: p.file.Name, Line: p.line, Text: text}
}

func (p *parser) skipBlanks() {
	for c := p.cur(); c == ' ' || c == '\t'; c = p.cur() {
		p.pos++
	}
}

func (p *parser) skipBlanksAndLines() {
	for c := p.cur(); c == ' ' || c == '\t' || isEOL(c); c = p.cur() {
		if c == '\n' {
			p.line++
		}
		p.pos++
	}
}

// take consumes bytes as long as they are wanted.
func (p *parser) take(want func(byte) bool) string {
	start := p.pos
	for p.pos < len(p.src) && want(p.src[p.pos]) {
		p.pos++
	}
	return p.src[start:p.pos]
}

func (p *parser) statement() error {
	p.skipBlanksAndLines()
	if p.pos >= len(p.src) {
		return nil
	}
	e := Entry{Line: p.line}
	if p.cur() != '#' {
		if err := p.assignment(&e); err != nil {
			return err
		}
	}
	if p.cur() == '#' {
		p.pos++
		e.HasComment = true
		e.Comment = p.take(func(c byte) bool { return !isEOL(c) })
	}
	p.file.Entries = append(p.file.Entries, e)
	return p.separator()
}

func (p *parser) assignment(e *Entry) (err error) {
	if !isAlpha(p.cur()) {
		return p.fail(ErrSyntax, "expecting a name")
	}
	e.Name = p.take(func(c byte) bool { return isAlpha(c) || isDigit(c) || c == '_' })
	p.skipBlanks()
	if p.cur() != '=' {
		return p.fail(ErrSyntax, "expecting an assignment")
	}
	p.pos++
	if e.Value, err = p.value(0); err != nil {
		return err
	}
	p.skipBlanks()
	return nil
}

func (p *parser) separator() error {
	p.skipBlanks()
	c := p.cur()
	switch {
	case p.pos >= len(p.src), isEOL(c):
	case c == ';':
		p.pos++
	default:
		return p.fail(ErrSyntax, "expecting a separator")
	}
	p.skipBlanksAndLines()
	return nil
}

func (p *parser) value(depth int) (Value, error) {
	p.skipBlanks()
	c := p.cur()
	switch {
	case c == '"' || c == '\'':
		s, err := p.text()
		return Value{Kind: String, Str: s}, err
	case c == '[':
		return p.list(depth)
	case isDigit(c) || c == '-' || c == '+':
		return p.integer()
	}
	return Value{}, p.fail(ErrSyntax, "expecting a value")
}

func (p *parser) text() (string, error) {
	rest := p.src[p.pos:]
	quote := rest[:1]
	if strings.HasPrefix(rest, `"""`) && len(rest) > 6 {
		quote = `"""`
	}
	body := rest[len(quote):]
	end := strings.Index(body, quote)
	eol := strings.IndexAny(body, "\r\n")
	if end < 0 || len(quote) == 1 && eol >= 0 && eol < end {
		return "", p.fail(ErrSyntax, "unterminated string")
	}
	p.line += strings.Count(body[:end], "\n")
	p.pos += len(quote) + end + len(quote)
	return body[:end], nil
}

func (p *parser) integer() (Value, error) {
	v := Value{Kind: Unsigned}
	if c := p.cur(); c == '-' || c == '+' {
		if c == '-' {
			v.Kind = Signed
		}
		p.pos++
	}
	digits := p.take(isDigit)
	if digits == "" {
		return v, p.fail(ErrSyntax, "unterminated number")
	}
	for _, d := range []byte(digits) {
		n := int64(d - '0')
		if v.Int > (math.MaxInt64-n)/10 {
			return v, p.fail(ErrOverflow, "numeric overflow in conf value")
		}
		v.Int = v.Int*10 + n
	}
	if v.Kind == Signed {
		v.Int = -v.Int
	}
	return v, nil
}

func (p *parser) list(depth int) (Value, error) {
	v := Value{Kind: List}
	if depth >= maxDepth {
		return v, p.fail(ErrSyntax, "lists are nested too deeply")
	}
	p.pos++
	for {
		p.skipBlanksAndLines()
		if p.pos >= len(p.src) {
			return v, p.fail(ErrSyntax, "list is not closed with ]")
		}
		if p.cur() == ']' {
			p.pos++
			return v, nil
		}
		item, err := p.value(depth + 1)
		if err != nil {
			return v, err
		}
		v.List = append(v.List, item)
		p.skipBlanksAndLines()
		switch c := p.cur(); {
		case p.pos >= len(p.src) || c == ']':
		case c == ',':
			p.pos++
		default:
			return v, p.fail(ErrSyntax, "expecting a separator in list")
		}
	}
}

func isEOL(c byte) bool   { return c == '\n' || c == '\r' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }
func isAlpha(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
