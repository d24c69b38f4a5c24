package dispatch

import (
	"reflect"

	"virtree.dev/protocol/program"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virerr"
)

// need is what a function of libvirt's library insists on of one argument.
type need uint8

const (
	present     need = iota // an optional value, an array or a number of results that is not 0
	notEmpty                // a string
	notZero                 // a number, or a number of elements
	positive                // likewise
	notNegative             // a number
	notBelowAll             // a number; -1 stands for all
)

var needTexts = [...]string{
	present: "%s in %s must not be NULL", notEmpty: "string %s in %s must not be empty", notZero: "%s in %s must not be zero",
	positive: "%s in %s must be greater than zero", notNegative: "%s in %s must be zero or greater",
	notBelowAll: "%s in %s must be zero or greater",
}

// requirement is what a function insists on: argument is the library's name of
// the field.
type requirement struct {
	field    string
	need     need
	argument string
}

// demand is a requirement with its field found.
type demand struct {
	*requirement
	index int
}

// demandsOf finds what a procedure's function insists on.
func demandsOf(prog uint32, p *program.Procedure) []demand {
	if prog != remote.ID || p.Args == nil {
		return nil
	}
	var list []demand
	t := reflect.TypeOf(p.Args()).Elem()
	for i := range requirements[p.Num] {
		r := &requirements[p.Num][i]
		list = append(list, demand{r, fieldIndex(t, r.field)})
	}
	return list
}

// insist says what is missing in arguments.
func (h *Handler) insist(p *program.Procedure, args any) error {
	if len(h.demands) == 0 {
		return nil
	}
	v := reflect.ValueOf(args).Elem()
	for _, d := range h.demands {
		if !d.need.met(v.Field(d.index)) {
			return virerr.Argument(errorDomain(p), p.API, d.argument, needTexts[d.need], d.argument, p.API)
		}
	}
	return nil
}

func (n need) met(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer:
		return !v.IsNil() && (n != notEmpty || v.Elem().Len() > 0)
	case reflect.Slice, reflect.String:
		return v.Len() > 0
	}
	switch n {
	case positive:
		return number(v) > 0
	case notNegative:
		return number(v) >= 0
	case notBelowAll:
		return number(v) >= -1
	}
	return number(v) != 0
}
