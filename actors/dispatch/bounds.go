package dispatch

import (
	"reflect"

	"virtree.dev/protocol/program"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virerr"
)

// bound is what libvirt's daemon checks of an argument that says how many
// results there may be, before it asks a driver.
type bound struct {
	field    string
	times    string // another field: the product is bounded
	limit    int64
	code     virerr.Code
	negative string // what is said of a negative one, "" if it is the driver's business
	over     string
}

// bounds are the checks of one procedure's arguments, with the fields found.
type bounds struct {
	checks []boundCheck
	params []int // fields that are lists of typed parameters
}

type boundCheck struct {
	*bound
	field, times int // -1: no times
}

// boundsOf finds the checks for a procedure; nil if there are none.
func boundsOf(prog uint32, p *program.Procedure) *bounds {
	if p.Args == nil {
		return nil
	}
	b := &bounds{}
	t := reflect.TypeOf(p.Args()).Elem()
	for i := range t.NumField() {
		if t.Field(i).Type == reflect.TypeFor[[]remote.TypedParam]() {
			b.params = append(b.params, i)
		}
	}
	if prog == remote.ID {
		for i := range argumentBounds[p.Num] {
			rule := &argumentBounds[p.Num][i]
			b.checks = append(b.checks, boundCheck{rule, fieldIndex(t, rule.field), fieldIndex(t, rule.times)})
		}
	}
	if len(b.checks)+len(b.params) == 0 {
		return nil
	}
	return b
}

func fieldIndex(t reflect.Type, name string) int {
	if f, ok := t.FieldByName(name); ok {
		return f.Index[0]
	}
	return -1
}

// maxParamName is how long the name of a typed parameter may be.
const maxParamName = 79

// check says what is wrong with arguments.
func (b *bounds) check(args any) error {
	if b == nil {
		return nil
	}
	v := reflect.ValueOf(args).Elem()
	for _, c := range b.checks {
		if err := c.check(v); err != nil {
			return err
		}
	}
	for _, i := range b.params {
		for _, p := range v.Field(i).Interface().([]remote.TypedParam) {
			if len(p.Field) > maxParamName {
				return virerr.New(virerr.FromNone, virerr.InternalError, "parameter %s too big for destination", p.Field)
			}
		}
	}
	return nil
}

func (c *boundCheck) check(args reflect.Value) error {
	n := number(args.Field(c.field))
	if n < 0 && c.negative != "" {
		return virerr.New(virerr.FromRPC, c.code, "%s", c.negative)
	}
	if c.times >= 0 {
		n *= number(args.Field(c.times)) // both have 32 bits
	}
	if n > c.limit {
		return virerr.New(virerr.FromRPC, c.code, "%s", c.over)
	}
	return nil
}

func number(v reflect.Value) int64 {
	if v.CanInt() {
		return v.Int()
	}
	return int64(v.Uint())
}
