package xmltree

import (
	"unicode"
	"unicode/utf8"
)

// reference appends what stands for the & in hand.
func (s *scanner) reference(b []byte) ([]byte, error) {
	s.pos++
	if s.at("#") {
		return s.charRef(b)
	}
	name := s.takeName()
	if name == "" {
		return nil, s.fail("xmlParseEntityRef: no name")
	}
	if !s.at(";") {
		return nil, s.fail("EntityRef: expecting ';'")
	}
	s.pos++
	switch name {
	case "lt":
		return append(b, '<'), nil
	case "gt":
		return append(b, '>'), nil
	case "amp":
		return append(b, '&'), nil
	case "quot":
		return append(b, '"'), nil
	case "apos":
		return append(b, '\''), nil
	}
	return nil, s.fail("Entity '%s' not defined", name)
}

func (s *scanner) charRef(b []byte) ([]byte, error) {
	s.pos++
	base, kind := rune(10), "decimal"
	if s.at("x") {
		s.pos++
		base, kind = 16, "hexadecimal"
	}
	var r rune
	for !s.end() && s.text[s.pos] != ';' {
		v := digit(s.text[s.pos])
		if v < 0 || v >= base {
			return nil, s.fail("CharRef: invalid %s value", kind)
		}
		if r = r*base + v; r > unicode.MaxRune {
			r = unicode.MaxRune + 1
		}
		s.pos++
	}
	if s.end() {
		return nil, s.fail("CharRef: invalid %s value", kind)
	}
	s.pos++
	if r > unicode.MaxRune {
		return nil, s.fail("xmlParseCharRef: character reference out of bounds")
	}
	if !isChar(r) || r >= 0xd800 && r < 0xe000 {
		return nil, s.fail("xmlParseCharRef: invalid xmlChar value %d", r)
	}
	return utf8.AppendRune(b, r), nil
}

func digit(c byte) rune {
	switch {
	case c >= '0' && c <= '9':
		return rune(c - '0')
	case c >= 'a' && c <= 'f':
		return rune(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return rune(c-'A') + 10
	}
	return -1
}
