package command

import (
	"encoding/json"
	"strconv"
	"strings"

	"virtree.dev/protocol/xml/domain"
	"virtree.dev/protocol/xml/xmltree"
)

// Props are the members of a JSON object in their order.
type Props struct {
	members []member
}

type member struct {
	name  string
	value any // nil, string, bool, uint64, int64, *Props, []any
}

// props starts an object with text members given as name and value in turn.
func props(pairs ...string) *Props {
	p := &Props{}
	for i := 0; i+1 < len(pairs); i += 2 {
		p.Str(pairs[i], pairs[i+1])
	}
	return p
}

// Add adds a member of any of the kinds a member can be; a nil object is left out.
func (p *Props) Add(name string, value any) *Props {
	if o, ok := value.(*Props); ok && o == nil {
		return p
	}
	p.members = append(p.members, member{name, value})
	return p
}

// Str adds a text.
func (p *Props) Str(name, v string) *Props { return p.Add(name, v) }

// OptStr adds a text that is not empty.
func (p *Props) OptStr(name, v string) *Props {
	if v == "" {
		return p
	}
	return p.Str(name, v)
}

// Uint adds a number.
func (p *Props) Uint(name string, v uint64) *Props { return p.Add(name, v) }

// OptUint adds a number that is not zero.
func (p *Props) OptUint(name string, v uint64) *Props {
	if v == 0 {
		return p
	}
	return p.Uint(name, v)
}

// Int adds a number that may be negative.
func (p *Props) Int(name string, v int64) *Props { return p.Add(name, v) }

// OptInt adds a number that was given.
func (p *Props) OptInt(name string, v *int) *Props {
	if v == nil {
		return p
	}
	return p.Int(name, int64(*v))
}

// Bool adds a truth value.
func (p *Props) Bool(name string, v bool) *Props { return p.Add(name, v) }

// OptBool adds a truth value that is true.
func (p *Props) OptBool(name string, v bool) *Props {
	if !v {
		return p
	}
	return p.Bool(name, v)
}

// Switch adds a truth value that was given.
func (p *Props) Switch(name string, v domain.Tristate) *Props {
	if !v.Given() {
		return p
	}
	return p.Bool(name, v == domain.On)
}

// OnOff adds "on" or "off" where given.
func (p *Props) OnOff(name string, v domain.Tristate) *Props { return p.OptStr(name, v.OnOff()) }

// Obj adds an object; nil is left out.
func (p *Props) Obj(name string, v *Props) *Props { return p.Add(name, v) }

// List adds an array.
func (p *Props) List(name string, v ...any) *Props { return p.Add(name, v) }

// Merge takes over the members of another.
func (p *Props) Merge(o *Props) *Props {
	if o != nil {
		p.members = append(p.members, o.members...)
	}
	return p
}

// Get gives a text member, empty when it is not there.
func (p *Props) Get(name string) string {
	for _, m := range p.members {
		if s, ok := m.value.(string); ok && m.name == name {
			return s
		}
	}
	return ""
}

// Empty says whether there are no members.
func (p *Props) Empty() bool { return p == nil || len(p.members) == 0 }

// JSON gives the text as QEMU reads it, without white space.
func (p *Props) JSON() string {
	var b strings.Builder
	p.write(&b)
	return b.String()
}

func (p *Props) write(b *strings.Builder) {
	b.WriteByte('{')
	for i, m := range p.members {
		if i > 0 {
			b.WriteByte(',')
		}
		writeText(b, m.name)
		b.WriteByte(':')
		writeValue(b, m.value)
	}
	b.WriteByte('}')
}

func writeValue(b *strings.Builder, v any) {
	switch v := v.(type) {
	case nil:
		b.WriteString("null")
	case string:
		writeText(b, v)
	case bool:
		b.WriteString(strconv.FormatBool(v))
	case uint64:
		b.WriteString(strconv.FormatUint(v, 10))
	case int64:
		b.WriteString(strconv.FormatInt(v, 10))
	case *Props:
		v.write(b)
	case []any:
		b.WriteByte('[')
		for i, e := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			writeValue(b, e)
		}
		b.WriteByte(']')
	}
}

func writeText(b *strings.Builder, s string) {
	var text strings.Builder
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a text always has a form in JSON
	b.WriteString(strings.TrimSuffix(text.String(), "\n"))
}

// Options gives the members as in -netdev user,id=hostnet0: the first member's
// value stands alone where implied is its name.
func (p *Props) Options(implied string) string {
	var parts []string
	p.flatten("", implied, &parts)
	return strings.Join(parts, ",")
}

func (p *Props) flatten(prefix, implied string, out *[]string) {
	for _, m := range p.members {
		flattenValue(prefix+m.name, implied, m.value, out)
	}
}

func flattenValue(name, implied string, v any, out *[]string) {
	add := func(text string) {
		if name == implied {
			*out = append(*out, escape(text))
			return
		}
		*out = append(*out, name+"="+escape(text))
	}
	switch v := v.(type) {
	case string:
		add(v)
	case bool:
		add(xmltree.TristateOf(v).OnOff())
	case uint64:
		add(strconv.FormatUint(v, 10))
	case int64:
		add(strconv.FormatInt(v, 10))
	case *Props:
		v.flatten(name+".", implied, out)
	case []any:
		for i, e := range v {
			flattenValue(name+"."+strconv.Itoa(i), implied, e, out)
		}
	}
}

// escape doubles commas, which end a value in an option.
func escape(s string) string { return strings.ReplaceAll(s, ",", ",,") }
