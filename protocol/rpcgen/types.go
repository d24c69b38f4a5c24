package main

import (
	"fmt"
	"strconv"
	"strings"
)

// basic are the types of XDR with their Go type and the name of their codec.
var basic = map[string]struct{ goType, append, decode string }{
	"int":    {"int32", "xdr.AppendInt32(b, %s)", "d.Int32()"},
	"uint":   {"uint32", "xdr.AppendUint32(b, %s)", "d.Uint32()"},
	"hyper":  {"int64", "xdr.AppendInt64(b, %s)", "d.Int64()"},
	"uhyper": {"uint64", "xdr.AppendUint64(b, %s)", "d.Uint64()"},
	"char":   {"int8", "xdr.AppendInt32(b, int32(%s))", "d.Int8()"},
	"uchar":  {"uint8", "xdr.AppendUint32(b, uint32(%s))", "d.Uint8()"},
	"ushort": {"uint16", "xdr.AppendUint32(b, uint32(%s))", "d.Uint16()"},
	"double": {"float64", "xdr.AppendFloat64(b, %s)", "d.Float64()"},
	"bool":   {"bool", "xdr.AppendBool(b, %s)", "d.Bool()"},
}

// gen knows the names of one program and of those it imports.
type gen struct {
	*spec
	defs   map[string]typ
	consts map[string]bool
	enums  map[string]bool
	others map[string]*spec
}

func newGen(s *spec, others map[string]*spec) *gen {
	g := &gen{spec: s, defs: map[string]typ{}, consts: map[string]bool{}, enums: map[string]bool{}, others: others}
	for _, o := range others {
		for _, t := range o.typedefs {
			g.defs[o.name+"."+t.name] = o.qualified(t.typ)
		}
	}
	for _, t := range s.typedefs {
		g.defs[t.name] = t.typ
	}
	for _, c := range s.consts {
		g.consts[c.name] = true
	}
	for _, e := range s.enums {
		g.enums[e.name] = true
	}
	return g
}

// qualified is a type of this program as another program names it.
func (s *spec) qualified(t typ) typ {
	if basic[t.base].goType == "" && t.base != "string" && t.base != "opaque" {
		t.base = s.name + "." + t.base
	}
	for _, c := range s.consts {
		if c.name == t.bound {
			t.bound = s.name + "." + t.bound
		}
	}
	return t
}

// resolve follows names to strings, which are Go strings; UUIDs and structs keep their names.
func (g *gen) resolve(t typ) typ {
	for t.form == "" || t.form == "?" {
		def, ok := g.defs[t.base]
		if !ok || def.base == "opaque" {
			return t
		}
		if t.form == "?" && def.form == "" {
			def.form = "?"
		} else if t.form == "?" {
			return typ{base: "string?", form: "<", bound: def.bound}
		}
		if def.form == "?" && g.defs[def.base].base == "string" {
			return typ{base: "string?", form: "<", bound: g.defs[def.base].bound}
		}
		t = def
	}
	return t
}

// limit is the Go expression of a bound.
func (g *gen) limit(bound string) string {
	if prefix, name, dotted := strings.Cut(bound, "."); dotted {
		return prefix + "." + goName(name)
	}
	if g.consts[bound] {
		return goName(bound)
	}
	return bound
}

// named is the Go name of a type of this program or another.
func (g *gen) named(base string) string {
	if prefix, name, dotted := strings.Cut(base, "."); dotted {
		return prefix + "." + goName(name)
	}
	return goName(base)
}

func (g *gen) goType(t typ) string {
	t = g.resolve(t)
	switch {
	case t.base == "string?":
		return "*string"
	case t.base == "string":
		return "string"
	case t.base == "opaque" && t.form == "<":
		return "[]byte"
	case t.base == "opaque":
		return "[" + t.bound + "]byte"
	case t.form == "?":
		return "*" + g.element(t.base)
	case t.form == "[":
		return "[" + g.limit(t.bound) + "]" + g.element(t.base)
	case t.form == "<":
		return "[]" + g.element(t.base)
	}
	return g.element(t.base)
}

func (g *gen) element(base string) string {
	if b, ok := basic[base]; ok {
		return b.goType
	}
	if g.enums[base] {
		return "int32"
	}
	return g.goNamed(base)
}

func (g *gen) goNamed(base string) string {
	e := g.resolve(typ{base: base})
	if e.base == "string" {
		return "string"
	}
	return g.named(e.base)
}

// one gives the statement that appends an element and the one that decodes it.
func (g *gen) one(base, expr string) (app, dec string) {
	e := g.resolve(typ{base: base})
	if g.enums[base] {
		base = "int"
	}
	switch {
	case basic[base].goType != "":
		return fmt.Sprintf("b = "+basic[base].append, expr), expr + " = " + basic[base].decode
	case e.base == "string":
		return fmt.Sprintf("b = xdr.AppendString(b, %s)", expr), fmt.Sprintf("%s = d.String(%s)", expr, g.limit(e.bound))
	}
	return fmt.Sprintf("b = %s.AppendXDR(b)", expr), expr + ".DecodeXDR(d)"
}

// size is a lower bound of the encoded size of an element.
func (g *gen) size(base string) int {
	switch base {
	case "hyper", "uhyper", "double":
		return 8
	}
	return 4
}

// codec gives the lines that append and decode a field.
func (g *gen) codec(f field) (app, dec string) {
	t, x := g.resolve(f.typ), "v."+goName(f.name)
	switch {
	case t.base == "string?":
		return fmt.Sprintf("b = xdr.AppendOptString(b, %s)", x), fmt.Sprintf("%s = d.OptString(%s)", x, g.limit(t.bound))
	case t.base == "string":
		return fmt.Sprintf("b = xdr.AppendString(b, %s)", x), fmt.Sprintf("%s = d.String(%s)", x, g.limit(t.bound))
	case t.base == "opaque" && t.form == "<":
		return fmt.Sprintf("b = xdr.AppendOpaque(b, %s)", x), fmt.Sprintf("%s = d.Opaque(%s)", x, g.limit(t.bound))
	case t.base == "opaque":
		return fmt.Sprintf("b = xdr.AppendFixed(b, %s[:])", x), fmt.Sprintf("d.Fixed(%s[:])", x)
	case t.form == "?":
		return g.optional(t, x)
	case t.form == "[" || t.form == "<":
		return g.array(t, x)
	}
	return g.one(t.base, x)
}

func (g *gen) optional(t typ, x string) (app, dec string) {
	a, d := g.one(t.base, x)
	if basic[t.base].goType != "" {
		a, d = g.one(t.base, "*"+x)
	}
	app = fmt.Sprintf("b = xdr.AppendBool(b, %s != nil)\nif %s != nil {\n%s\n}", x, x, a)
	dec = fmt.Sprintf("if d.Bool() {\n%s = new(%s)\n%s\n} else {\n%s = nil\n}", x, g.element(t.base), d, x)
	return app, dec
}

func (g *gen) array(t typ, x string) (app, dec string) {
	a, d := g.one(t.base, x+"[i]")
	if t.form == "[" {
		loop := "for i := range %s {\n%s\n}"
		return fmt.Sprintf(loop, x, a), fmt.Sprintf(loop, x, d)
	}
	app = fmt.Sprintf("b = xdr.AppendUint32(b, uint32(len(%s)))\nfor i := range %s {\n%s\n}", x, x, a)
	dec = fmt.Sprintf("%s = make([]%s, d.Len(%s, %s))\nfor i := range %s {\n%s\n}",
		x, g.element(t.base), g.limit(t.bound), strconv.Itoa(g.size(t.base)), x, d)
	return app, dec
}
