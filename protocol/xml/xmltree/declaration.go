package xmltree

import "strings"

// declaration reads <?xml ...?> and turns the encodings an administrator may have into UTF-8.
func (s *scanner) declaration() error {
	if !s.at("<?xml") || len(s.text) < 6 || !isBlank(s.text[5]) {
		return nil
	}
	s.pos = len("<?xml")
	if err := s.version(); err != nil {
		return err
	}
	if !isBlank(s.peek()) && !s.at("?>") {
		return s.fail("Blank needed here")
	}
	if err := s.encoding(); err != nil {
		return err
	}
	if _, _, err := s.pseudo("standalone", standalone); err != nil {
		return err
	}
	if s.skipBlanks(); !s.at("?>") {
		return s.fail("parsing XML declaration: '?>' expected")
	}
	s.pos += len("?>")
	return nil
}

func (s *scanner) version() error {
	version, given, err := s.pseudo("version", versionNumber)
	switch {
	case err != nil:
		return err
	case !given:
		s.skipBlanks()
		fallthrough
	case version == "":
		return s.fail("Malformed declaration expecting version")
	case !strings.HasPrefix(version, "1."):
		return s.fail("Unsupported version '%s'", version)
	}
	return nil
}

func (s *scanner) encoding() error {
	label, given, err := s.pseudo("encoding", encodingName)
	switch {
	case err != nil:
		return err
	case !given:
		return nil
	}
	switch strings.ToLower(label) {
	case "utf-8", "utf8", "us-ascii", "ascii":
	case "iso-8859-1", "latin1":
		s.text = latin1(s.text)
	default:
		return s.fail("Unsupported encoding %s", label)
	}
	return nil
}

// peek gives the byte in hand, zero at the end.
func (s *scanner) peek() byte {
	if s.end() {
		return 0
	}
	return s.text[s.pos]
}

// pseudo reads what looks like an attribute of the declaration, if it comes next. Read takes its value.
func (s *scanner) pseudo(name string, read func(*scanner) (string, error)) (value string, given bool, err error) {
	before := s.pos
	blank := s.skipBlanks()
	if !s.at(name) {
		s.pos = before
		return "", false, nil
	}
	if !blank {
		return "", false, s.fail("Blank needed here")
	}
	s.pos += len(name)
	s.skipBlanks()
	if !s.at("=") {
		return "", false, s.fail("expected '='")
	}
	s.pos++
	s.skipBlanks()
	quote := s.peek()
	if quote != '\'' && quote != '"' {
		return "", false, s.fail("String not started expecting ' or \"")
	}
	s.pos++
	if value, err = read(s); err != nil {
		return "", false, err
	}
	if s.peek() != quote {
		return "", false, s.fail("String not closed expecting \" or '")
	}
	s.pos++
	return value, true, nil
}

// versionNumber takes a digit, a dot and digits; what has not that form counts as none.
func versionNumber(s *scanner) (string, error) {
	from := s.pos
	if !isDigit(s.peek()) {
		return "", nil
	}
	s.pos++
	if s.peek() != '.' {
		return "", nil
	}
	s.pos++
	for isDigit(s.peek()) {
		s.pos++
	}
	return s.text[from:s.pos], nil
}

func encodingName(s *scanner) (string, error) {
	from := s.pos
	if !isLetter(s.peek()) {
		return "", s.fail("Invalid XML encoding name")
	}
	for c := s.peek(); isLetter(c) || isDigit(c) || c != 0 && strings.IndexByte("._-", c) >= 0; c = s.peek() {
		s.pos++
	}
	return s.text[from:s.pos], nil
}

func standalone(s *scanner) (string, error) {
	for _, v := range []string{"yes", "no"} {
		if s.at(v) {
			s.pos += len(v)
			return v, nil
		}
	}
	return "", s.fail("standalone accepts only 'yes' or 'no'")
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
