package main

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// typ is a type expression.
type typ struct {
	base  string // a basic type or a name
	form  string // "", "?", "[", "<"
	bound string // of "[" and "<": a number or a constant
}

type field struct {
	name string
	typ  typ
}

type arm struct {
	disc int
	field
}

type typedef struct {
	name string
	typ  typ
}

type structure struct {
	name   string
	fields []field
}

type union struct {
	name string
	arms []arm
}

type constant struct {
	name  string
	value int64
}

type enum struct {
	name   string
	values []constant
}

type procedure struct {
	kind, name, args, ret, rule, owner, api string
	num                                     int
	high, read, write                       bool
	flags                                   uint64
	acl, filter                             []string
}

// spec is a parsed .rpc file.
type spec struct {
	name       string
	id         uint64
	version    int
	imports    []string
	consts     []constant
	typedefs   []typedef
	enums      []enum
	unions     []union
	structs    []structure
	procedures []procedure
}

type parser struct {
	*spec
	line int
	body func(words []string) error // takes the indented lines of the open block
}

func parse(r io.Reader) (*spec, error) {
	p := &parser{spec: &spec{}}
	s := bufio.NewScanner(r)
	for s.Scan() {
		p.line++
		text := s.Text()
		words := strings.Fields(text)
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		err := p.take(text, words)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", p.line, err)
		}
	}
	return p.spec, s.Err()
}

func (p *parser) take(text string, words []string) error {
	if text[0] == ' ' || text[0] == '\t' {
		if p.body == nil {
			return fmt.Errorf("nothing is open for %q", text)
		}
		return p.body(words)
	}
	p.body = nil
	switch words[0] {
	case "program":
		return p.program(words)
	case "import":
		p.imports = append(p.imports, words[1:]...)
		return nil
	case "const":
		c, err := binding(words[1:])
		p.consts = append(p.consts, c)
		return err
	case "type":
		return p.typedef(words)
	case "enum", "union", "struct":
		return p.open(words)
	case "call", "event", "message":
		return p.procedure(text)
	}
	return fmt.Errorf("unknown word %q", words[0])
}

func (p *parser) program(words []string) (err error) {
	if len(words) != 5 || words[3] != "version" {
		return fmt.Errorf("want: program NAME NUMBER version N")
	}
	p.name = words[1]
	if p.id, err = strconv.ParseUint(words[2], 0, 32); err != nil {
		return err
	}
	p.version, err = strconv.Atoi(words[4])
	return err
}

func binding(words []string) (constant, error) {
	if len(words) != 3 || words[1] != "=" {
		return constant{}, fmt.Errorf("want: NAME = NUMBER")
	}
	v, err := strconv.ParseInt(words[2], 0, 64)
	return constant{words[0], v}, err
}

func (p *parser) typedef(words []string) error {
	if len(words) != 4 || words[2] != "=" {
		return fmt.Errorf("want: type NAME = TYPE")
	}
	t, err := parseType(words[3])
	p.typedefs = append(p.typedefs, typedef{words[1], t})
	return err
}

func (p *parser) open(words []string) error {
	if len(words) != 2 {
		return fmt.Errorf("want: %s NAME", words[0])
	}
	switch words[0] {
	case "enum":
		p.enums = append(p.enums, enum{name: words[1]})
		e := &p.enums[len(p.enums)-1]
		p.body = func(w []string) error {
			c, err := binding(w)
			e.values = append(e.values, c)
			return err
		}
	case "union":
		p.unions = append(p.unions, union{name: words[1]})
		u := &p.unions[len(p.unions)-1]
		p.body = u.arm
	default:
		p.structs = append(p.structs, structure{name: words[1]})
		s := &p.structs[len(p.structs)-1]
		p.body = func(w []string) error {
			f, err := parseField(w)
			s.fields = append(s.fields, f)
			return err
		}
	}
	return nil
}

func (u *union) arm(words []string) error {
	if len(words) != 3 {
		return fmt.Errorf("want: NUMBER NAME TYPE")
	}
	n, err := strconv.Atoi(words[0])
	if err != nil {
		return err
	}
	f, err := parseField(words[1:])
	u.arms = append(u.arms, arm{n, f})
	return err
}

func parseField(words []string) (field, error) {
	if len(words) != 2 {
		return field{}, fmt.Errorf("want: NAME TYPE")
	}
	t, err := parseType(words[1])
	return field{words[0], t}, err
}

func parseType(text string) (typ, error) {
	if base, ok := strings.CutSuffix(text, "?"); ok {
		return typ{base: base, form: "?"}, nil
	}
	i := strings.IndexAny(text, "[<")
	if i < 0 {
		return typ{base: text}, nil
	}
	closing := map[byte]byte{'[': ']', '<': '>'}[text[i]]
	if i == 0 || text[len(text)-1] != closing {
		return typ{}, fmt.Errorf("bad type %q", text)
	}
	return typ{base: text[:i], form: text[i : i+1], bound: text[i+1 : len(text)-1]}, nil
}

func (p *parser) procedure(text string) (err error) {
	open, shut := strings.IndexByte(text, '('), strings.IndexByte(text, ')')
	if open < 0 || shut < open {
		return fmt.Errorf("want: KIND NUMBER NAME(ARGS)")
	}
	head := strings.Fields(text[:open])
	if len(head) != 3 {
		return fmt.Errorf("want: KIND NUMBER NAME(ARGS)")
	}
	pr := procedure{kind: head[0], name: head[2], args: text[open+1 : shut], rule: "allow", owner: "server"}
	if pr.num, err = strconv.Atoi(head[1]); err != nil {
		return err
	}
	words := strings.Fields(text[shut+1:])
	if len(words) > 1 && words[0] == "->" {
		pr.ret, words = words[1], words[2:]
	}
	for _, w := range words {
		if err := pr.attribute(w); err != nil {
			return err
		}
	}
	p.procedures = append(p.procedures, pr)
	return nil
}

func (pr *procedure) attribute(word string) (err error) {
	key, value, _ := strings.Cut(word, "=")
	switch key {
	case "high":
		pr.high = true
	case "deny", "preauth":
		pr.rule = key
	case "denyflags":
		pr.rule = "conditional"
		pr.flags, err = strconv.ParseUint(value, 0, 64)
	case "owner":
		pr.owner = value
	case "api":
		pr.api = value
	case "readstream":
		pr.read = true
	case "writestream":
		pr.write = true
	case "acl":
		pr.acl = strings.Split(value, ",")
	case "filter":
		pr.filter = strings.Split(value, ",")
	default:
		err = fmt.Errorf("unknown attribute %q", word)
	}
	return err
}
