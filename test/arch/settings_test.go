package arch

import (
	"go/ast"
	"strings"
	"testing"
)

// A setting that claims an effect is read somewhere outside config/. The tables
// tie a key to a field by "func(c *Config) *T { return &c.Field }".
func TestSettingsAreUsed(t *testing.T) {
	used := make(map[string]bool)
	var tables []*source
	for _, s := range sources(t) {
		switch {
		case strings.HasPrefix(s.path, "config/") && strings.HasSuffix(s.path, "settings_table.go"):
			tables = append(tables, s)
		case !s.isTest() && !strings.HasPrefix(s.path, "config/"):
			ast.Inspect(s.file, func(n ast.Node) bool {
				if sel, ok := n.(*ast.SelectorExpr); ok {
					used[sel.Sel.Name] = true
				}
				return true
			})
		}
	}
	if len(tables) == 0 {
		t.Fatal("no settings_table.go below config/")
	}
	for _, s := range tables {
		ast.Inspect(s.file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 3 {
				return true
			}
			if _, immediate := call.Args[1].(*ast.BasicLit); !immediate {
				return true // conf.Later
			}
			for _, field := range boundFields(call.Args[2]) {
				if !used[field] {
					t.Errorf("%s: the setting claims an effect, and nothing outside config/ reads %s", s.at(call), field)
				}
			}
			return true
		})
	}
}

// boundFields gives the names behind the configuration in "return &c.A.B".
func boundFields(e ast.Expr) []string {
	f, ok := e.(*ast.FuncLit)
	if !ok || len(f.Body.List) != 1 {
		return nil
	}
	ret, ok := f.Body.List[0].(*ast.ReturnStmt)
	if !ok || len(ret.Results) != 1 {
		return nil
	}
	addr, ok := ret.Results[0].(*ast.UnaryExpr)
	if !ok {
		return nil
	}
	var names []string
	for sel, ok := addr.X.(*ast.SelectorExpr); ok; sel, ok = sel.X.(*ast.SelectorExpr) {
		names = append(names, sel.Sel.Name)
	}
	return names
}
