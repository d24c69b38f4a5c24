package failpoint

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestHit(t *testing.T) {
	set, err := Parse("a=error(no space); b=2*off->error(third); c=1*off->2*error(a*b)")
	if err != nil {
		t.Fatal(err)
	}
	if err := set.Hit("a"); err == nil || !strings.Contains(err.Error(), "no space") {
		t.Errorf("a: %v", err)
	}
	for i, fails := range []bool{false, false, true, true} {
		if err := set.Hit("b"); (err != nil) != fails {
			t.Errorf("b, pass %d: %v", i+1, err)
		}
	}
	for i, fails := range []bool{false, true, true, false} {
		if err := set.Hit("c"); (err != nil) != fails {
			t.Errorf("c, pass %d: %v", i+1, err)
		}
	}
	if err := set.Hit("unnamed"); err != nil {
		t.Errorf("an unnamed point failed: %v", err)
	}
}

func TestHitPanics(t *testing.T) {
	set, err := Parse("a=panic")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if r := recover(); r != "failpoint a" {
			t.Errorf("recovered %v", r)
		}
	}()
	_ = set.Hit("a")
	t.Error("no panic")
}

func TestParseRefuses(t *testing.T) {
	for _, s := range []string{"a", "a=explode", "a=sleep(soon)", "a=x*off->panic"} {
		if _, err := Parse(s); err == nil {
			t.Errorf("Parse(%q) took it", s)
		}
	}
}

func TestFileArmsAndDisarms(t *testing.T) {
	w := &watched{path: filepath.Join(t.TempDir(), "points")}
	arm := func(text string) {
		if err := os.WriteFile(w.path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(fails ...bool) {
		t.Helper()
		for i, want := range fails {
			if err := w.hit("a"); (err != nil) != want {
				t.Errorf("pass %d: %v", i+1, err)
			}
		}
	}
	expect(false)
	arm("a=1*off->error(second)")
	expect(false, true, true)
	arm("b=error(other)")
	expect(false)
}
