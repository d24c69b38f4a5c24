package conf

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// sharedData finds documents with expected results beside the repository.
func sharedData(t testing.TB, dir string) string {
	root := os.Getenv("VIRTREE_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	path := filepath.Join(root, "testdata", dir)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("needs the shared test documents (VIRTREE_SHARED): %v", err)
	}
	return path
}

func TestRoundTripOfLibvirtsFiles(t *testing.T) {
	dir := sharedData(t, "virconfdata")
	inputs, err := filepath.Glob(filepath.Join(dir, "*.conf"))
	if err != nil || len(inputs) == 0 {
		t.Fatalf("no documents in %s: %v", dir, err)
	}
	for _, in := range inputs {
		t.Run(filepath.Base(in), func(t *testing.T) {
			f, err := ReadFile(in)
			if err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile(strings.TrimSuffix(in, ".conf") + ".out")
			if err != nil {
				t.Fatal(err)
			}
			if got := f.Format(); got != string(want) {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

func TestParse(t *testing.T) {
	const src = "# head\na = 1; b='x\"y' # why\n c = [ 'p',\n \"q\", ]\nd = \"\"\"two\nlines\"\"\"\ne=-7"
	f, err := Parse("x.conf", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	want := []Entry{
		{Comment: " head", HasComment: true, Line: 1},
		{Name: "a", Value: Value{Kind: Unsigned, Int: 1}, Line: 2},
		{Name: "b", Value: Value{Kind: String, Str: `x"y`}, Comment: " why", HasComment: true, Line: 2},
		{Name: "c", Value: Value{Kind: List, List: []Value{{Kind: String, Str: "p"}, {Kind: String, Str: "q"}}}, Line: 3},
		{Name: "d", Value: Value{Kind: String, Str: "two\nlines"}, Line: 5},
		{Name: "e", Value: Value{Kind: Signed, Int: -7}, Line: 7},
	}
	if !reflect.DeepEqual(f.Entries, want) {
		t.Errorf("got  %+v\nwant %+v", f.Entries, want)
	}
}

func TestSyntaxErrorsNameFileAndLine(t *testing.T) {
	tests := []struct{ src, want string }{
		{"x y", "configuration file syntax error: f:1: expecting an assignment"},
		{"\n\n= 3", "configuration file syntax error: f:3: expecting a name"},
		{"a =", "configuration file syntax error: f:1: expecting a value"},
		{"a = 'x\n'", "configuration file syntax error: f:1: unterminated string"},
		{"a = \"\"\"x\n\"\"", "configuration file syntax error: f:1: unterminated string"},
		{"a = [ 1, 2\n", "configuration file syntax error: f:2: list is not closed with ]"},
		{"a = [ 1 2 ]", "configuration file syntax error: f:1: expecting a separator in list"},
		{"a = -", "configuration file syntax error: f:1: unterminated number"},
		{"a = 99999999999999999999", "numerical overflow: f:1: numeric overflow in conf value"},
		{"a = 1 b = 2", "configuration file syntax error: f:1: expecting a separator"},
		{"a = " + strings.Repeat("[", 100), "configuration file syntax error: f:1: lists are nested too deeply"},
	}
	for _, tt := range tests {
		if _, err := Parse("f", []byte(tt.src)); err == nil || err.Error() != tt.want {
			t.Errorf("%q: got %v, want %s", tt.src, err, tt.want)
		}
	}
}

func TestGettersCheckTypes(t *testing.T) {
	var (
		b bool
		i int
		u uint
		s string
		l []string
	)
	read := map[string]func(f *File) (bool, error){
		"bool": func(f *File) (bool, error) { return f.Bool("k", &b) },
		"int":  func(f *File) (bool, error) { return f.Int("k", &i) },
		"uint": func(f *File) (bool, error) { return f.Uint("k", &u) },
		"str":  func(f *File) (bool, error) { return f.String("k", &s) },
		"list": func(f *File) (bool, error) { return f.Strings("k", &l) },
		"both": func(f *File) (bool, error) { return f.StringOrStrings("k", &l) },
	}
	tests := []struct{ kind, value, want string }{
		{"bool", "2", "internal error: f:1: value for 'k' parameter must be 0 or 1"},
		{"bool", "-1", "internal error: f:1: expected a bool for 'k' parameter"},
		{"int", "'x'", "internal error: f:1: expected a signed integer for 'k' parameter"},
		{"int", "99999999999", "internal error: f:1: value for 'k' parameter must be in range -2147483648:2147483647"},
		{"uint", "-1", "internal error: f:1: expected an unsigned integer for 'k' parameter"},
		{"uint", "4294967296", "internal error: f:1: value for 'k' parameter must be in range 0:4294967295"},
		{"str", "4", "internal error: f:1: expected a string for 'k' parameter"},
		{"list", "'x'", "internal error: f:1: expected a string list for 'k' parameter"},
		{"list", "[1]", "configuration file syntax error: f:1: expected a string list for 'k' parameter"},
		{"both", "4", "internal error: f:1: expected a string or string list for 'k' parameter"},
		{"both", "'x'", ""},
		{"list", "['x']", ""},
		{"int", "-3", ""},
	}
	for _, tt := range tests {
		f, err := Parse("f", []byte("k = "+tt.value))
		if err != nil {
			t.Fatal(err)
		}
		found, err := read[tt.kind](f)
		if got := errText(err); got != tt.want || found != (err == nil) {
			t.Errorf("%s of %s: %v, %q, want %q", tt.kind, tt.value, found, got, tt.want)
		}
	}
	if i != -3 || !reflect.DeepEqual(l, []string{"x"}) {
		t.Errorf("stored %d and %v", i, l)
	}
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestFirstAssignmentCounts(t *testing.T) {
	f, err := Parse("f", []byte("k = 1\nk = 2\n"))
	if err != nil {
		t.Fatal(err)
	}
	var n uint
	if _, err := f.Uint("k", &n); err != nil || n != 1 {
		t.Errorf("got %d, %v", n, err)
	}
	f.Set("k", Value{Kind: Unsigned, Int: 9})
	f.Set("new", Value{Kind: String, Str: "v"})
	if got, want := f.Format(), "k = 9\nk = 2\nnew = \"v\"\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestReadFileReportsAMissingFile(t *testing.T) {
	_, err := ReadFile(filepath.Join(t.TempDir(), "none"))
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("a = 1\n# c\nb = [ 'x', [ \"y\" ] ] # d\n"))
	f.Add([]byte("a = \"\"\"x\ny\"\"\"; b = -4"))
	f.Fuzz(func(t *testing.T, src []byte) {
		file, err := Parse("f", src)
		if err != nil {
			return
		}
		text := file.Format()
		if unwritable(file) {
			return
		}
		again, err := Parse("f", []byte(text))
		if err != nil {
			t.Fatalf("what was written does not parse: %v\n%q", err, text)
		}
		if got := again.Format(); got != text {
			t.Fatalf("not stable:\n%q\n%q", text, got)
		}
	})
}

// unwritable tells of texts that no quotes can hold once they are all used up.
func unwritable(f *File) bool {
	var bad func(v Value) bool
	bad = func(v Value) bool {
		for _, item := range v.List {
			if bad(item) {
				return true
			}
		}
		return v.Kind == String && quoteFor(v.Str) == `"""` &&
			(strings.Contains(v.Str, `"""`) || strings.HasSuffix(v.Str, `"`))
	}
	for _, e := range f.Entries {
		if bad(e.Value) {
			return true
		}
	}
	return false
}
