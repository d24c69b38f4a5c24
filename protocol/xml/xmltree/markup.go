package xmltree

import (
	"strings"
	"unicode/utf8"
)

func (s *scanner) cdata() error {
	n := &Node{Kind: Text}
	if err := s.newNode(n); err != nil {
		return err
	}
	s.pos += len("<![CDATA[")
	from := s.pos
	data, err := s.until("]]>", "CData section not finished")
	if err != nil {
		switch begun := s.text[from:s.pos]; {
		case !s.end():
			return err
		case len(begun) < 2:
			return s.fail("Unregistered error message")
		default:
			begun = begun[:len(begun)-2] // the mark could begin there
			return s.fail("CData section not finished\n%s", excerpt(begun))
		}
	}
	n.Data = strings.ReplaceAll(data, "\r\n", "\n")
	return nil
}

func (s *scanner) comment() error {
	n := &Node{Kind: Comment}
	if err := s.newNode(n); err != nil {
		return err
	}
	s.pos += len("<!--")
	from := s.pos
	data, err := s.until("--", "Comment not terminated")
	switch {
	case err != nil && s.end():
		return s.endlessComment(s.text[from:])
	case err == nil && !s.at(">"):
		return s.doubleHyphen(data)
	}
	n.Data = data
	s.pos++
	return err
}

// endlessComment complains of a comment that the document ends in. The C library reads ASCII apart and
// looks three characters ahead beyond it, and has other words then.
func (s *scanner) endlessComment(text string) error {
	i := strings.IndexFunc(text, beyondASCII)
	if i < 0 || utf8.RuneCountInString(text[i:]) < 3 {
		return s.fail("Comment not terminated")
	}
	for range 2 {
		_, size := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-size]
	}
	return s.fail("Comment not terminated \n<!--%s", excerpt(text))
}

func (s *scanner) doubleHyphen(before string) error {
	if strings.ContainsFunc(before, beyondASCII) {
		return s.fail("Comment must not contain '--' (double-hyphen)")
	}
	s.pos -= len("--")
	if before == "" {
		return s.fail("Double hyphen within comment")
	}
	return s.fail("Double hyphen within comment: <!--%s", excerpt(before))
}

func beyondASCII(r rune) bool { return r >= utf8.RuneSelf }

// excerpt gives the first fifty bytes at most.
func excerpt(text string) string { return strings.ToValidUTF8(text[:min(50, len(text))], "?") }

func (s *scanner) instruction() error {
	s.pos += len("<?")
	target := s.takeName()
	switch {
	case target == "":
		return s.fail("xmlParsePI : no target name")
	case target == "xml":
		return s.fail("XML declaration allowed only at the start of the document")
	case s.at("?>"):
	case s.end() || !isBlank(s.text[s.pos]):
		return s.fail("ParsePI: PI %s space expected", target)
	}
	_, err := s.until("?>", "ParsePI: PI "+target+" never end ...")
	return err
}

// until reads up to a mark and steps over it.
func (s *scanner) until(mark, complaint string) (string, error) {
	from := s.pos
	for !s.at(mark) {
		if s.end() {
			return "", s.fail("%s", complaint)
		}
		if err := s.character(complaint); err != nil {
			return "", err
		}
	}
	data := s.text[from:s.pos]
	s.pos += len(mark)
	return data, nil
}
