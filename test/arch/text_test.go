package arch

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const root = "../.."

// texts gives every text file of the repository, by its path from the root.
func texts(t *testing.T) map[string]string {
	t.Helper()
	all := make(map[string]string)
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); name == ".git" || name == "bin" || name == "tmp" {
				return fs.SkipDir
			}
			return nil
		}
		if !d.Type().IsRegular() || d.Name() == ".git" {
			return nil
		}
		text, err := os.ReadFile(p)
		if err != nil || bytes.IndexByte(text, 0) >= 0 {
			return err
		}
		rel, err := filepath.Rel(root, p)
		all[filepath.ToSlash(rel)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// machinePath finds a folder that one machine has and no other, where somebody
// happened to work.
var machinePath = regexp.MustCompile(`(^|[^\w.$/])/(wo` + `rk|workspace|builds?)/\w`)

func TestNoMachinePaths(t *testing.T) {
	for path, text := range texts(t) {
		if strings.Contains(path, "/testdata/") {
			continue
		}
		for i, line := range strings.Split(text, "\n") {
			found := machinePath.FindString(line)
			if strings.HasSuffix(path, ".go") && strings.Contains(line, "/ho"+"me/") {
				found = line
			}
			if found != "" {
				t.Errorf("%s:%d: %q is a path of one machine", path, i+1, found)
			}
		}
	}
}

var directModule = regexp.MustCompile(`(?m)^\t?(?:require )?(\S+\.\S+/\S+) v\S+$`)

// Whoever links a library says in ARCHITECTURE.md what for.
func TestLibrariesHaveReasons(t *testing.T) {
	all := texts(t)
	found := directModule.FindAllStringSubmatch(all["go.mod"], -1)
	if len(found) == 0 {
		t.Fatal("go.mod names no library: is the pattern right?")
	}
	for _, m := range found {
		row := regexp.MustCompile(`(?m)^\| ` + "`" + regexp.QuoteMeta(m[1]) + "`" + ` \| \S.{10,} \|$`)
		if !row.MatchString(all["ARCHITECTURE.md"]) {
			t.Errorf("%s: ARCHITECTURE.md has no row that says what it is for", m[1])
		}
	}
}

var (
	target   = regexp.MustCompile(`(?m)^([a-z][a-z-]*):.*$`)
	readmeGo = regexp.MustCompile(`(?m)^    (make [a-z]+) `)
)

// "make" alone lists every target that a person may want.
func TestTheMakefileDescribesItself(t *testing.T) {
	makefile := texts(t)["Makefile"]
	phony := regexp.MustCompile(`(?m)^\.PHONY: (.*)$`).FindStringSubmatch(makefile)
	if phony == nil {
		t.Fatal("no .PHONY line")
	}
	declared := make(map[string]bool)
	for _, name := range strings.Fields(phony[1]) {
		declared[name] = true
	}
	for _, m := range target.FindAllStringSubmatch(makefile, -1) {
		if !strings.Contains(m[0], " ## ") {
			t.Errorf("Makefile: %s says nothing of what it makes", m[1])
		}
		if !declared[m[1]] {
			t.Errorf("Makefile: %s is not in .PHONY", m[1])
		}
		delete(declared, m[1])
	}
	for name := range declared {
		t.Errorf("Makefile: %s is in .PHONY, and no target", name)
	}
}

// What has to hold before a merge is what the README tells a newcomer to run.
func TestTheChecksRunTheReadmesCommand(t *testing.T) {
	all := texts(t)
	commands := readmeGo.FindAllStringSubmatch(all["README.md"], -1)
	if len(commands) != 2 || commands[0][1] != "make demo" || commands[1][1] != "make test" {
		t.Fatalf("the README's two commands are %v", commands)
	}
	if !regexp.MustCompile(`(?m)^make test$`).MatchString(all[".ci/run"]) {
		t.Error(".ci/run does not run make test")
	}
}
