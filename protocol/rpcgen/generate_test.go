package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestGeneratedCodeIsUpToDate(t *testing.T) {
	files, err := generate(filepath.Join("..", "spec"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 8 {
		t.Fatalf("only %d files", len(files))
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join("..", name))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("protocol/%s is not what the spec says: make generate (%v)", name, err)
		}
	}
}

func TestBadSpecsAreRefusedWithTheirLine(t *testing.T) {
	for text, want := range map[string]string{
		"program x":                   "line 1: want: program NAME NUMBER version N",
		"\nnonsense":                  "line 2: unknown word \"nonsense\"",
		"    field int":               "line 1: nothing is open for \"    field int\"",
		"type x = int<3":              "line 1: bad type \"int<3\"",
		"call x NAME()":               "line 1: strconv.Atoi: parsing \"x\": invalid syntax",
		"call 1 NAME() loud":          "line 1: unknown attribute \"loud\"",
		"struct s\n    a int extra":   "line 2: want: NAME TYPE",
		"enum e\n    A = x":           "line 2: strconv.ParseInt: parsing \"x\": invalid syntax",
		"union u\n    1 a":            "line 2: want: NUMBER NAME TYPE",
		"const A 1":                   "line 1: want: NAME = NUMBER",
		"call 1 NAME":                 "line 1: want: KIND NUMBER NAME(ARGS)",
		"program x 99999999999 ver 1": "line 1: want: program NAME NUMBER version N",
	} {
		if _, err := parse(bytes.NewBufferString(text)); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("program x 1 version 1\nconst A = 1\nstruct s\n  a int<A>\ncall 1 P(s) -> s high acl=a,b\n")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parse(bytes.NewBufferString(text))
		if err == nil && s == nil {
			t.Error("neither a spec nor an error")
		}
	})
}
