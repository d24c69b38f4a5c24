package conf

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// few are settings of each kind.
type few struct {
	Name  string
	On    bool
	Count uint
	List  []string
}

func fewSettings() []Setting[few] {
	return []Setting[few]{
		Text("the_name", "what", func(c *few) *string { return &c.Name }),
		Flag("the_flag", "what", func(c *few) *bool { return &c.On }),
		Count("the_count", "what", func(c *few) *uint { return &c.Count }),
		Texts("the_list", Later("others"), func(c *few) *[]string { return &c.List }),
	}
}

// checked gives the mistakes in a text, a line each.
func checked(t *testing.T, text string) (*few, *Report, []string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c := &few{}
	r := Check(path, false, fewSettings(), c, nil)
	var lines []string
	for _, m := range r.Sorted() {
		lines = append(lines, fmt.Sprintf("%d: %s; %s", m.Line, m.Text, m.Remedy))
	}
	return c, r, lines
}

func TestCheckFindsAllMistakes(t *testing.T) {
	c, r, got := checked(t, `the_nam = "x"
the_flag = "yes"
the_count = -1
the_list = [ "a" "b"
the_name = "kept"
the_count 4
= 4
the_flag = 1
the_name = 'open
zzz = 1
`)
	want := []string{
		"1: unknown parameter 'the_nam'; write the_name if that is meant, or take it out",
		"2: expected a bool for 'the_flag' parameter; write the_flag = 0 or 1",
		"3: expected an unsigned integer for 'the_count' parameter; write the_count = a number from 0 to 4294967295",
		"4: expecting a separator in list; put a comma between the entries of the list, or close it with ]",
		"6: expecting an assignment; write NAME = VALUE",
		"7: expecting a name; begin the line with the name of a setting, or with # for a comment",
		"8: 'the_flag' is set again: line 2 is the one that counts; take one of the two out",
		"9: unterminated string; close the quotes on the line on which they begin",
		"10: unknown parameter 'zzz'; take it out",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if c.Name != "kept" || r.Line("the_name") != 5 || r.Line("the_list") != 0 {
		t.Errorf("%+v, lines %d and %d", c, r.Line("the_name"), r.Line("the_list"))
	}
}

func TestCheckGoesOnBehindAnOpenList(t *testing.T) {
	_, _, got := checked(t, "the_list = [ \"a\",\n  \"b\",\nthe_flag = 7\n# done\n")
	want := []string{
		"3: expecting a value (of the setting that begins on line 1); write a number, a text in quotes or a list in [ ]",
		"3: value for 'the_flag' parameter must be 0 or 1; write the_flag = 0 or 1",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

func TestCheckOfASoundFile(t *testing.T) {
	_, r, got := checked(t, "the_list = [ \"a\" ]\nthe_flag = 1\n")
	if got != nil || len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "'the_list' has no effect yet: it waits for others") {
		t.Errorf("%q, notes %q", got, r.Notes)
	}
	path := filepath.Join(t.TempDir(), "none")
	if r := Check(path, true, fewSettings(), &few{}, nil); !r.Missing || r.Mistakes != nil {
		t.Errorf("%+v", r)
	}
	if r := Check(path, false, fewSettings(), &few{}, nil); r.Missing || len(r.Mistakes) != 1 {
		t.Errorf("%+v", r)
	}
}

// Whoever writes a mistake of the grammar is told what to do.
func TestEveryMistakeOfTheGrammarHasARemedy(t *testing.T) {
	for _, src := range []string{
		"x y", "= 3", "a =", "a = 'x\n'", "a = [ 1, 2\n", "a = [ 1 2 ]", "a = -", "a = 99999999999999999999", "a = 1 b = 2",
		"a = " + strings.Repeat("[", 100),
	} {
		if _, wrong := parseAll("f", []byte(src)); len(wrong) == 0 || syntaxRemedy(wrong[0]) == "" {
			t.Errorf("%q: %v", src, wrong)
		}
	}
}

func TestNearest(t *testing.T) {
	keys := []string{"max_clients", "max_workers", "log_level"}
	for name, want := range map[string]string{"max_client": "max_clients", "maxworkers": "max_workers", "loglevel": "log_level", "user": "", "x": ""} {
		if got := nearest(name, keys); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// What is sound is read as always; of what is not, the first mistake is the same.
func FuzzParseAll(f *testing.F) {
	f.Add([]byte("a = [ 1,\n2\nb = 3 # c\n= 4"))
	f.Add([]byte("a = \"\"\"x\ny\"\"; b = -4\r\nc"))
	f.Fuzz(func(t *testing.T, src []byte) {
		file, err := Parse("f", src)
		all, wrong := parseAll("f", src)
		switch {
		case err == nil && (len(wrong) > 0 || file.Format() != all.Format()):
			t.Errorf("%q: %v", src, wrong)
		case err != nil && (len(wrong) == 0 || wrong[0].Error() != err.Error()):
			t.Errorf("%q: %v, %v", src, err, wrong)
		}
	})
}
