package chaos

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const root = "../.."

// TestEveryPointIsTried fails for a failpoint in the source that no test here arms.
func TestEveryPointIsTried(t *testing.T) {
	tried := map[string]bool{}
	for _, b := range blows {
		name, _, _ := strings.Cut(b.point, "=")
		tried[name] = true
	}
	for _, p := range panics {
		tried[p.point] = true
	}
	points := sourcePoints(t)
	if len(points) < len(tried) {
		t.Errorf("found %d points in the source, %d are tried", len(points), len(tried))
	}
	for _, p := range points {
		if !tried[p] {
			t.Errorf("failpoint %s is not tried", p)
		}
	}
	for p := range tried {
		if !slices.Contains(points, p) {
			t.Errorf("failpoint %s is tried and does not exist", p)
		}
	}
}

// sourcePoints lists the failpoints of the source: what is given to a call of Hit or of what passes a
// name on to it, and a point for each step of a start.
func sourcePoints(t *testing.T) []string {
	var points []string
	for _, folder := range []string{"actors", "internal", "supervisor", "protocol", "apps"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") ||
				strings.HasSuffix(path, "_gen.go") || strings.Contains(path, "internal/failpoint/") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err == nil {
				points = append(points, filePoints(file)...)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(points)
	return slices.Compact(points)
}

func filePoints(file *ast.File) (points []string) {
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if name := calleeName(n); name == "Hit" || name == "hit" || name == "replace" && file.Name.Name == "statefile" {
				for _, arg := range n.Args {
					if text := literal(arg); text != "" && !strings.HasSuffix(text, ".") {
						points = append(points, text)
					}
				}
			}
		case *ast.ValueSpec:
			if n.Names[0].Name == "startSteps" {
				for _, step := range n.Values[0].(*ast.CompositeLit).Elts {
					points = append(points, "qemu.start."+literal(step.(*ast.CompositeLit).Elts[0]))
				}
			}
		}
		return true
	})
	return points
}

func calleeName(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

func literal(e ast.Expr) string {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return ""
	}
	text, _ := strconv.Unquote(lit.Value)
	return text
}
