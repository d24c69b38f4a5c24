package cpumodel

import (
	_ "embed" // the facts
	"fmt"
	"strconv"
	"strings"
	"sync"
)

//go:embed x86_features.txt
var x86FeatureFacts string

//go:embed x86_models.txt
var x86ModelFacts string

// x86 is all that is known of x86. It does not change.
var x86 = sync.OnceValue(func() *x86Map {
	m, err := loadX86(x86FeatureFacts, x86ModelFacts)
	if err != nil {
		panic(err) // the files are part of the program, and a test reads them
	}
	return m
})

func loadX86(features, models string) (*x86Map, error) {
	m := &x86Map{number: map[string]int{}, named: map[string]*x86Model{}, places: map[place]*[32]int{}}
	if err := eachEntry(features, m.loadFeatures); err != nil {
		return nil, fmt.Errorf("features of x86: %w", err)
	}
	if err := eachEntry(models, m.loadModel); err != nil {
		return nil, fmt.Errorf("models of x86: %w", err)
	}
	return m, nil
}

// eachEntry cuts a file of facts into entries: the words of a line and those of the lines below it
// that begin with two blanks, each such line apart; four blanks continue a line.
func eachEntry(text string, take func(entry [][]string) error) error {
	var entry [][]string
	flush := func() error {
		if entry == nil {
			return nil
		}
		err := take(entry)
		entry = nil
		return err
	}
	for line := range strings.SplitSeq(text, "\n") {
		words := strings.Fields(line)
		last := len(entry) - 1
		switch {
		case len(words) == 0 || line[0] == '#':
		case strings.HasPrefix(line, "    ") && last >= 0:
			entry[last] = append(entry[last], words...)
		case strings.HasPrefix(line, "  ") && last >= 0:
			entry = append(entry, words)
		default:
			if err := flush(); err != nil {
				return err
			}
			entry = [][]string{words}
		}
	}
	return flush()
}

// loadFeatures reads the features of one register.
func (m *x86Map) loadFeatures(entry [][]string) error {
	var words []string
	for _, line := range entry {
		words = append(words, line...)
	}
	if len(words) < 3 {
		return fmt.Errorf("%q is too short", words)
	}
	at, err := parsePlace(words[:3])
	if err != nil {
		return err
	}
	at.msr = words[0] == "msr"
	bits := m.places[at]
	if bits == nil {
		bits = &[32]int{}
		for i := range bits {
			bits[i] = -1
		}
		m.places[at] = bits
	}
	for _, w := range words[3:] {
		bit, name, _ := strings.Cut(w, ":")
		n, err := strconv.ParseUint(bit, 10, 5)
		if err != nil || len(m.known) == setWords*64 {
			return fmt.Errorf("%q is no feature", w)
		}
		name, stuck := strings.CutSuffix(name, "!")
		m.number[name] = len(m.known)
		bits[n] = len(m.known)
		m.known = append(m.known, x86Feature{name: name, msr: at.msr, stuck: stuck})
	}
	return nil
}

// parsePlace reads "cpuid 7.1 eax" or "msr 10a edx".
func parsePlace(words []string) (place, error) {
	leaf, sub, _ := strings.Cut(words[1], ".")
	if sub == "" {
		sub = "0"
	}
	l, err := strconv.ParseUint(leaf, 16, 32)
	s, err2 := strconv.ParseUint(sub, 16, 32)
	register := strings.Index("eax ebx ecx edx", words[2])
	if err != nil || err2 != nil || register < 0 {
		return place{}, fmt.Errorf("%q is no place of features", words)
	}
	return place{leaf: uint32(l), sub: uint32(s), register: register / 4}, nil
}

func (m *x86Map) loadModel(entry [][]string) error {
	head := entry[0]
	if head[0] == "vendor" {
		m.vendors = append(m.vendors, vendor{name: head[1], text: head[2]})
		return nil
	}
	model := &x86Model{name: head[0]}
	if len(head) > 2 && head[1] == "=" {
		of := m.named[head[2]]
		if of == nil || of.canonical != "" {
			return fmt.Errorf("%s cannot be the canonical name of %s", model.name, head[2])
		}
		of.canonical = model.name
		model.vendor, model.signatures, model.has = of.vendor, of.signatures, of.has
		head = head[2:]
	}
	if err := m.loadHead(model, head[1:]); err != nil {
		return err
	}
	for _, line := range entry[1:] {
		if err := m.loadDetail(model, line[0], line[1:]); err != nil {
			return fmt.Errorf("%s: %w", model.name, err)
		}
	}
	m.named[model.name] = model
	m.models = append(m.models, model)
	return nil
}

func (m *x86Map) loadHead(model *x86Model, words []string) error {
	for _, w := range words {
		switch {
		case w == "host":
			model.host = true
		case w == "guest":
			model.guest = true
		case w == "compat":
			model.compat = true
		case strings.Contains(w, ":"):
			s, err := parseSignature(w)
			if err != nil {
				return err
			}
			model.signatures = append(model.signatures, s)
		case m.vendorNamed(w):
			model.vendor = w
		default:
			return fmt.Errorf("%s: %q is unknown", model.name, w)
		}
	}
	return nil
}

func (m *x86Map) loadDetail(model *x86Model, kind string, words []string) error {
	switch kind {
	case "from":
		base := m.named[words[0]]
		if base == nil {
			return fmt.Errorf("no model %q yet", words[0])
		}
		if model.has, model.late = base.has, base.late; len(words) > 1 {
			model.has, model.late = base.has.Plus(base.late), Set{}
		}
	case "has":
		return m.change(&model.has, words)
	case "late":
		return m.change(&model.late, words)
	case "dropped":
		model.dropped = words
		return m.change(new(Set), words)
	default:
		return fmt.Errorf("%q is unknown", kind)
	}
	return nil
}

// change adds features to a set, or takes those with a minus away.
func (m *x86Map) change(s *Set, words []string) error {
	for _, w := range words {
		name, less := strings.CutPrefix(w, "-")
		i, ok := m.number[name]
		if !ok {
			return fmt.Errorf("no feature %q", name)
		}
		if less {
			s.remove(i)
		} else {
			s.add(i)
		}
	}
	return nil
}

// parseSignature reads "6:85:5-7".
func parseSignature(w string) (signature, error) {
	parts := strings.Split(w, ":")
	s := signature{steppings: 0xffff}
	family, err := strconv.ParseUint(parts[0], 10, 32)
	model, err2 := strconv.ParseUint(parts[1], 10, 32)
	if err != nil || err2 != nil {
		return s, fmt.Errorf("%q is no signature", w)
	}
	s.family, s.model = uint(family), uint(model)
	if len(parts) < 3 {
		return s, nil
	}
	first, last, isRange := strings.Cut(parts[2], "-")
	if !isRange {
		last = first
	}
	a, err := strconv.ParseUint(first, 10, 4)
	b, err2 := strconv.ParseUint(last, 10, 4)
	if err != nil || err2 != nil || a > b {
		return s, fmt.Errorf("%q is no signature", w)
	}
	s.steppings = uint16(1)<<(b+1) - uint16(1)<<a
	return s, nil
}
