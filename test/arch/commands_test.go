package arch

import (
	"go/ast"
	"path"
	"testing"
)

// starters may start programs by themselves, each for its reason.
var starters = map[string]string{
	"internal/command":                   "it is how the others do",
	"apps/internal/daemon/background.go": "a daemon starts itself again",
	"supervisor/keep/keeper/spawn.go":    "a keeper outlives us",
	"actors/qemu/spawn.go":               "a machine outlives us",
	"actors/qemu/prelude":                "a process registers for the machine that it becomes",
	"supervisor/freeze/exec.go":          "a daemon is replaced in place, which runs nothing beside it",
	"actors/qemu/tap.go":                 "the bridge helper hands a descriptor back",
}

func TestProgramsAreStartedInOnePlace(t *testing.T) {
	for _, s := range sources(t) {
		if s.isTest() || starters[s.path] != "" || starters[s.dir()] != "" {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			x, ok := sel.X.(*ast.Ident)
			if !ok {
				return true
			}
			switch path.Join(x.Name, sel.Sel.Name) {
			case "exec/Command", "exec/CommandContext", "os/StartProcess", "syscall/ForkExec", "syscall/Exec":
				t.Errorf("%s: %s.%s: outside commands run through internal/command, which tests replace by a recorder", s.at(n), x.Name, sel.Sel.Name)
			}
			return true
		})
	}
}
