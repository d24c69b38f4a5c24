package gen_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"virtree.dev/supervisor/gen"
)

// sleepy spawns children and sleeps as long as a message says.
func sleepy(children ...gen.Child) *script {
	return &script{
		init: func(p *gen.Process) error {
			for _, c := range children {
				if _, err := p.Spawn(c); err != nil {
					return err
				}
			}
			return nil
		},
		message: func(_ *gen.Process, m any) error {
			if d, ok := m.(time.Duration); ok {
				time.Sleep(d)
			}
			return nil
		},
	}
}

func TestSilentNamesParentsThatDoNotAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sys := gen.NewSystem()
		root := start(t, sys, "root", sleepy(sleepy(sleepy().child("leaf")).child("middle")))
		expect := func(when string, want ...string) {
			t.Helper()
			if got := sys.Silent(root, 1, time.Second); !slices.Equal(got, want) {
				t.Errorf("%s: %q do not answer, want %q", when, got, want)
			}
		}
		busy := func(name string) {
			t.Helper()
			if err := gen.Send(sys.Named(name), time.Minute); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		expect("in peace")
		busy("leaf")
		expect("a leaf is busy")
		busy("middle")
		expect("a parent is busy", "root/middle")
		busy("root")
		expect("the root is busy", "root")
		time.Sleep(time.Hour)
		expect("later")
		stop(t, sys, root)
		expect("after the end")
	})
}
