package conf

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
)

// Report is what a check of a whole file found.
type Report struct {
	Path     string
	Missing  bool // there is no such file, and there need not be
	Mistakes []Mistake
	Notes    []string // on settings that change nothing yet
	file     *File
}

// Mistake is one thing that is wrong with a file, and what to do about it.
type Mistake struct {
	Line   int // 0: not of one line
	Text   string
	Remedy string
}

// Check reads the file at path into c as Load does, but goes on after each mistake.
// more looks at values that are of the right type.
func Check[C any](path string, mayBeMissing bool, table []Setting[C], c *C, more func(*File) []error) *Report {
	r := &Report{Path: path, file: &File{Name: path}}
	src, err := load(path)
	switch {
	case mayBeMissing && errors.Is(err, fs.ErrNotExist):
		r.Missing = true
		return r
	case err != nil:
		r.Mistakes = []Mistake{{Text: err.Error(), Remedy: "make it a file that the daemon's user can read"}}
		return r
	}
	var wrong []error
	r.file, wrong = parseAll(path, src)
	for _, err := range wrong {
		r.add(err, syntaxRemedy(err))
	}
	for _, s := range table {
		if err := s.read(r.file, c); err != nil {
			r.add(err, s.remedy())
		}
	}
	strangers, idle := survey(r.file, table)
	r.Notes = idle
	r.addStrangers(strangers, keysOf(table))
	r.addRepeated()
	if more != nil {
		for _, err := range more(r.file) {
			r.add(err, remedyOf(table, err))
		}
	}
	return r
}

// Line is where a key is set; 0 where it is not.
func (r *Report) Line(key string) int {
	if e, ok := r.file.Lookup(key); ok {
		return e.Line
	}
	return 0
}

// Blame adds a mistake in the value of a key that this package cannot know of.
func (r *Report) Blame(key string, err error, remedy string) {
	text := err.Error()
	if !strings.Contains(text, key) {
		text = key + ": " + text
	}
	r.Mistakes = append(r.Mistakes, Mistake{r.Line(key), text, remedy})
}

// Sorted are the mistakes by line, those of one line in the order in which they were found.
func (r *Report) Sorted() []Mistake {
	return slices.SortedStableFunc(slices.Values(r.Mistakes), func(a, b Mistake) int { return cmp.Compare(a.Line, b.Line) })
}

func (r *Report) add(err error, remedy string) {
	m := Mistake{Text: err.Error(), Remedy: remedy}
	var at *Error
	if errors.As(err, &at) {
		m.Line, m.Text = at.Line, at.Text
		if at.begin > 0 {
			m.Text += fmt.Sprintf(" (of the setting that begins on line %d)", at.begin)
		}
	}
	r.Mistakes = append(r.Mistakes, m)
}

func (r *Report) addStrangers(strangers []Entry, keys []string) {
	for _, e := range strangers {
		remedy := "take it out"
		if near := nearest(e.Name, keys); near != "" {
			remedy = fmt.Sprintf("write %s if that is meant, or take it out", near)
		}
		r.Mistakes = append(r.Mistakes, Mistake{e.Line, fmt.Sprintf("unknown parameter '%s'", e.Name), remedy})
	}
}

// addRepeated finds keys that are set again: the first counts.
func (r *Report) addRepeated() {
	for i := range r.file.Entries {
		e := &r.file.Entries[i]
		if first, _ := r.file.Lookup(e.Name); e.Name != "" && first != e {
			r.Mistakes = append(r.Mistakes, Mistake{e.Line,
				fmt.Sprintf("'%s' is set again: line %d is the one that counts", e.Name, first.Line), "take one of the two out"})
		}
	}
}

func (s Setting[C]) remedy() string {
	if s.Form == "" {
		return "take the line out to have the default"
	}
	return "write " + s.Key + " = " + s.Form
}

// remedyOf finds the setting that an error is about by the name that stands in it.
func remedyOf[C any](table []Setting[C], err error) string {
	words := regexp.MustCompile(`\w+`).FindAllString(err.Error(), -1)
	for _, s := range table {
		if slices.Contains(words, s.Key) {
			return s.remedy()
		}
	}
	return "take the line out to have the default"
}

func keysOf[C any](table []Setting[C]) []string {
	var keys []string
	for _, s := range table {
		keys = append(keys, s.Key)
	}
	return keys
}

// syntaxRemedies by the text of the mistake.
var syntaxRemedies = map[string]string{
	"expecting a name":               "begin the line with the name of a setting, or with # for a comment",
	"expecting an assignment":        "write NAME = VALUE",
	"expecting a value":              `write a number, a text in quotes or a list in [ ]`,
	"unterminated string":            "close the quotes on the line on which they begin",
	"list is not closed with ]":      "close the list with ]",
	"expecting a separator in list":  "put a comma between the entries of the list, or close it with ]",
	"unterminated number":            "write digits behind the sign",
	"numeric overflow in conf value": "write a smaller number",
	"expecting a separator":          "write one setting a line",
	"lists are nested too deeply":    "write a list without lists in it",
}

func syntaxRemedy(err error) string {
	var at *Error
	if errors.As(err, &at) {
		return syntaxRemedies[at.Text]
	}
	return ""
}

// maxMistakes bounds what a file costs that is none of settings.
const maxMistakes = 1000

// beginning is how a line looks that begins a setting or is a comment.
var beginning = regexp.MustCompile(`^[ \t]*([A-Za-z]\w*[ \t]*=|#)`)

// parseAll reads what it can of src: behind a mistake it goes on with the next line,
// or where that may still belong to the mistake, with the next that begins a setting.
func parseAll(name string, src []byte) (*File, []error) {
	p := parser{file: &File{Name: name}, src: string(src), line: 1}
	var wrong []error
	for p.pos < len(p.src) && len(wrong) < maxMistakes {
		p.skipBlanksAndLines()
		at, line := p.pos, p.line
		if err := p.statement(); err != nil {
			wrong = append(wrong, since(err, line))
			p.recover(at, line)
		}
	}
	return p.file, wrong
}

// since names the line on which began what turned out to be wrong later.
func since(err error, line int) error {
	var at *Error
	if !errors.As(err, &at) || at.Line == line {
		return err
	}
	later := *at
	later.begin = line
	return &later
}

// recover leaves a statement that began at a place, and is wrong.
func (p *parser) recover(at, line int) {
	manyLines := p.line > line
	p.pos, p.line = at, line
	for p.nextLine() && manyLines && !beginning.MatchString(p.restOfLine()) {
	}
}

// nextLine goes to the beginning of the next line; false at the end.
func (p *parser) nextLine() bool {
	eol := strings.IndexByte(p.src[p.pos:], '\n')
	if eol < 0 {
		p.pos = len(p.src)
		return false
	}
	p.pos += eol + 1
	p.line++
	return true
}

func (p *parser) restOfLine() string {
	text, _, _ := strings.Cut(p.src[p.pos:], "\n")
	return text
}

// maxTypos is how far a name may be from one that is known and still be meant.
const maxTypos = 3

// nearest is the key that somebody meant, or "".
func nearest(name string, keys []string) string {
	best, distance := "", maxTypos+1
	for _, key := range keys {
		if d := typos(name, key); d < distance && d < len(key)/2 {
			best, distance = key, d
		}
	}
	return best
}

// typos is the least number of letters to put in, take out or change.
func typos(a, b string) int {
	if len(a) > len(b)+maxTypos || len(b) > len(a)+maxTypos {
		return maxTypos + 1
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		left, diagonal := i+1, i
		for j := range len(b) {
			d := diagonal
			if a[i] != b[j] {
				d = min(diagonal, row[j+1], left) + 1
			}
			diagonal, row[j] = row[j+1], left
			left = d
		}
		row[len(b)] = left
	}
	return row[len(b)]
}
