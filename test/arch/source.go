package arch

import (
	"bufio"
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

const module = "virtree.dev/"

// source is one Go file of the repository.
type source struct {
	path  string // from the root, with slashes
	lines int
	file  *ast.File
	fset  *token.FileSet
}

func (s *source) dir() string  { return path.Dir(s.path) }
func (s *source) isTest() bool { return strings.HasSuffix(s.path, "_test.go") || isTestDir(s.dir()) }
func (s *source) generated() bool {
	return ast.IsGenerated(s.file) || strings.HasSuffix(s.path, "_gen.go")
}

func (s *source) at(n ast.Node) string {
	return fmt.Sprintf("%s:%d", s.path, s.fset.Position(n.Pos()).Line)
}

// isTestDir says of a folder that nothing but tests use it: test/, and the
// doubles beside a package, which end in "test" as httptest does.
func isTestDir(dir string) bool {
	return dir == "test" || strings.HasPrefix(dir, "test/") || strings.HasSuffix(dir, "test")
}

// load parses every Go file below root.
func load(root string) ([]*source, error) {
	var all []*source
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && p != root && (strings.HasPrefix(name, ".") || name == "testdata" || name == "bin" || name == "tmp") {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		s, err := parse(root, p)
		all = append(all, s)
		return err
	})
	return all, err
}

func parse(root, p string) (*source, error) {
	text, err := os.ReadFile(p)
	if err != nil {
		return nil, err
	}
	rel, err := filepath.Rel(root, p)
	if err != nil {
		return nil, err
	}
	s := &source{path: filepath.ToSlash(rel), fset: token.NewFileSet()}
	for scan := bufio.NewScanner(bytes.NewReader(text)); scan.Scan(); {
		s.lines++
	}
	s.file, err = parser.ParseFile(s.fset, s.path, text, parser.ParseComments)
	return s, err
}

// imports lists what a file imports from this module, as folders.
func (s *source) imports() []string {
	var list []string
	for _, spec := range s.file.Imports {
		p := strings.Trim(spec.Path.Value, `"`)
		if rest, ok := strings.CutPrefix(p, module); ok {
			list = append(list, rest)
		}
	}
	return list
}
