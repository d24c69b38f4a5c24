package arch

import (
	"go/ast"
	"path"
	"slices"
	"strings"
	"testing"
)

func sources(t *testing.T) []*source {
	t.Helper()
	all, err := load("../..")
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 10 {
		t.Fatalf("found only %d files: is the root right?", len(all))
	}
	return all
}

// forbidden says which folder may not import which, and why.
var forbidden = []struct {
	from, to []string
	why      string
}{
	{[]string{"internal"}, []string{"apps", "actors", "config", "systemd", "protocol", "supervisor"},
		"internal/ holds leaves that everything may import"},
	{[]string{"supervisor"}, []string{"apps", "actors", "config", "systemd", "protocol"},
		"the runtime knows nothing of libvirt"},
	{[]string{"protocol"}, []string{"apps", "actors", "config", "systemd", "supervisor"},
		"protocol/ has no process in it, so that clients and tools can use it"},
	{[]string{"systemd"}, []string{"apps", "actors", "config"},
		"imports point down the list of folders"},
	{[]string{"config"}, []string{"apps", "actors"},
		"settings do not know who reads them"},
	{[]string{"actors"}, []string{"apps"},
		"an actor does not know in which daemon it runs"},
	{[]string{"actors/rpc", "actors/dispatch", "actors/events", "actors/driver", "actors/domain"}, []string{"actors/qemu"},
		"the server finds drivers in the roster, never by name"},
	{[]string{"internal", "supervisor", "protocol", "systemd", "config", "actors", "apps"}, []string{"test"},
		"what ships does not lean on tests"},
}

func within(dir string, folders []string) bool {
	return slices.ContainsFunc(folders, func(f string) bool {
		return dir == f || strings.HasPrefix(dir, f+"/")
	})
}

func TestImportsPointDown(t *testing.T) {
	for _, s := range sources(t) {
		if strings.HasSuffix(s.path, "_test.go") {
			continue
		}
		for _, to := range s.imports() {
			for _, rule := range forbidden {
				if within(s.dir(), rule.from) && within(to, rule.to) {
					t.Errorf("%s imports %s: %s", s.path, to, rule.why)
				}
			}
		}
	}
}

func TestDaemonsOfLogsAndLocksLinkNoDriver(t *testing.T) {
	for _, s := range sources(t) {
		for _, to := range s.imports() {
			if within(s.dir(), []string{"apps/virtlogd", "apps/virtlockd"}) && within(to, []string{"actors/qemu", "apps/internal/roster"}) {
				t.Errorf("%s imports %s: what must not die with a driver does not contain one", s.path, to)
			}
		}
	}
}

func TestOnlySysImportsUnix(t *testing.T) {
	for _, s := range sources(t) {
		for _, spec := range s.file.Imports {
			if spec.Path.Value == `"golang.org/x/sys/unix"` && s.dir() != "internal/sys" {
				t.Errorf("%s imports x/sys/unix: what we ask of a kernel is read in one place, internal/sys", s.path)
			}
		}
	}
}

func TestFilesAndFunctionsStaySmall(t *testing.T) {
	const fileLimit, tableLimit, functionLimit = 500, 800, 80
	for _, s := range sources(t) {
		if s.generated() {
			continue
		}
		limit := fileLimit
		if base := strings.TrimSuffix(path.Base(s.path), ".go"); strings.HasSuffix(base, "_table") || strings.HasSuffix(base, "types") {
			limit = tableLimit
		}
		if s.lines > limit {
			t.Errorf("%s: %d lines, at most %d", s.path, s.lines, limit)
		}
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Body != nil {
				if n := s.fset.Position(f.End()).Line - s.fset.Position(f.Pos()).Line + 1; n > functionLimit {
					t.Errorf("%s: %s has %d lines, at most %d", s.at(f), f.Name.Name, n, functionLimit)
				}
			}
		}
	}
}

func TestEveryPackageIsExplained(t *testing.T) {
	explained := make(map[string]bool)
	for _, s := range sources(t) {
		dir := s.dir()
		if _, seen := explained[dir]; !seen && !strings.HasSuffix(s.path, "_test.go") {
			explained[dir] = false
		}
		if path.Base(s.path) == "doc.go" && s.file.Doc != nil && len(s.file.Doc.Text()) > 20 {
			explained[dir] = true
		}
	}
	for dir, ok := range explained {
		if !ok {
			t.Errorf("%s has no doc.go that says what it is", dir)
		}
	}
}

func TestNoBareGoroutines(t *testing.T) {
	const why = "a panic outside a supervised process ends the whole daemon; use a process, a meta process or a job"
	for _, s := range sources(t) {
		if s.isTest() || within(s.dir(), []string{"supervisor"}) {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				t.Errorf("%s: bare go: %s", s.at(n), why)
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok && x.Name == "time" && n.Sel.Name == "AfterFunc" {
					t.Errorf("%s: time.AfterFunc: %s", s.at(n), why)
				}
			}
			return true
		})
	}
}

func TestNamesSayWhatThingsAre(t *testing.T) {
	vague := []string{"util", "utils", "common", "helper", "helpers", "misc", "shared", "base", "lib"}
	for _, s := range sources(t) {
		if name := strings.TrimSuffix(s.file.Name.Name, "_test"); slices.Contains(vague, name) {
			t.Errorf("%s: package %s: a name says what a thing is", s.path, name)
		}
	}
}
