package caps

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// schema is what query-qmp-schema gives: entities by name.
type schema map[string]*entity

// entity is a command, an event or a type. Which fields there are depends on Meta.
type entity struct {
	Name     string   `json:"name"`
	Meta     string   `json:"meta-type"`
	ArgType  string   `json:"arg-type"`
	RetType  string   `json:"ret-type"`
	Element  string   `json:"element-type"`
	Members  []member `json:"members"`
	Variants []member `json:"variants"`
	Values   []string `json:"values"` // of an enumeration
	Features []string `json:"features"`
}

// member belongs to an object, an alternate or an enumeration.
type member struct {
	Name     string   `json:"name"`
	Case     string   `json:"case"`
	Type     string   `json:"type"`
	Features []string `json:"features"`
}

// maxSchemaSteps bounds a walk through arrays and alternates, which take no part of the path.
const maxSchemaSteps = 1000

func parseSchema(raw json.RawMessage) (schema, error) {
	var all []entity
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, fmt.Errorf("malformed QMP schema: %w", err)
	}
	s := make(schema, len(all))
	for i := range all {
		s[all[i].Name] = &all[i]
	}
	return s, nil
}

// has says whether a path leads somewhere. A path is the name of a command or event, then arg-type
// or ret-type, then members of objects; "+x" is the variant x of an object, "^x" the value x of an
// enumeration, "$x" the feature x of what was reached. Arrays and alternates are looked through.
func (s schema) has(path string) bool {
	parts := strings.Split(path, "/")
	steps := 0
	return s.walk(parts[0], parts[1:], &steps)
}

func (s schema) walk(name string, rest []string, steps *int) bool {
	e := s[name]
	if *steps++; e == nil || *steps > maxSchemaSteps {
		return false
	}
	if len(rest) == 0 {
		return true
	}
	part := rest[0]
	switch {
	case e.Meta == "array":
		return s.walk(e.Element, rest, steps)
	case e.Meta == "alternate":
		return slices.ContainsFunc(e.Members, func(m member) bool { return s.walk(m.Type, rest, steps) })
	case e.Meta == "enum":
		return e.hasValue(part, rest[1:])
	case part[0] == '$':
		return slices.Contains(e.Features, part[1:])
	default:
		next := e.next(part)
		return next != "" && s.walk(next, rest[1:], steps)
	}
}

// next gives the type behind a part of a path; empty when there is none.
func (e *entity) next(part string) string {
	switch {
	case part == "arg-type" && e.Meta != "object":
		return e.ArgType
	case part == "ret-type" && e.Meta != "object":
		return e.RetType
	case part[0] == '+':
		return find(e.Variants, func(m member) bool { return m.Case == part[1:] }).Type
	default:
		return find(e.Members, func(m member) bool { return m.Name == part }).Type
	}
}

// hasValue asks an enumeration, whose values are plain before QEMU 6.2; rest may name a feature of the value.
func (e *entity) hasValue(part string, rest []string) bool {
	value, ok := strings.CutPrefix(part, "^")
	if !ok {
		return false
	}
	m := find(e.Members, func(m member) bool { return m.Name == value })
	if len(rest) == 0 {
		return m.Name == value || slices.Contains(e.Values, value)
	}
	return strings.HasPrefix(rest[0], "$") && slices.Contains(m.Features, rest[0][1:])
}

func find(all []member, match func(member) bool) member {
	if i := slices.IndexFunc(all, match); i >= 0 {
		return all[i]
	}
	return member{}
}
