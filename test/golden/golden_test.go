package golden

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

const floorFile = "floors.txt"

// testdata gives the folder of documents, or skips.
func testdata(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("VIRTREE_TESTDATA")
	if shared := os.Getenv("VIRTREE_SHARED"); dir == "" && shared != "" {
		dir = filepath.Join(shared, "testdata")
	}
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "testdata")
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no documents to score against (set VIRTREE_TESTDATA to libvirt's): %v", err)
	}
	return dir
}

// glob gives the base names of the files of a folder that match, or skips when there are none.
func glob(t *testing.T, folder, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(testdata(t), folder, pattern))
	if err != nil || len(files) == 0 {
		t.Skipf("no %s in %s", pattern, folder)
	}
	for i, f := range files {
		files[i] = filepath.Base(f)
	}
	return files
}

// result is what came out of a case. A case that should be refused has no wanted text.
type result struct {
	got, want string
	err       error
	refused   bool // the error is what is wanted
}

func (r result) matches() bool {
	if r.refused {
		return r.err != nil
	}
	return r.err == nil && r.got == r.want
}

func (r result) difference() string {
	switch {
	case r.refused:
		return "was taken, not refused"
	case r.err != nil:
		return r.err.Error()
	}
	return firstDifference(r.got, r.want)
}

// score judges all cases, prints the score and holds it against its floor.
func score(t *testing.T, name string, cases []string, judge func(name string) result) {
	t.Helper()
	only := os.Getenv("VIRTREE_GOLDEN_CASE")
	matched := 0
	for _, c := range cases {
		if !strings.Contains(c, only) {
			continue
		}
		r := judge(c)
		if r.matches() {
			matched++
		} else if os.Getenv("VIRTREE_GOLDEN_DIFF") != "" {
			t.Logf("%s: %s", c, r.difference())
		}
		if only != "" {
			t.Logf("%s: %v\n%s", c, r.err, r.got)
		}
	}
	line := fmt.Sprintf("golden %s: %d/%d", name, matched, len(cases))
	fmt.Println(line)
	if only == "" {
		hold(t, name, matched)
	}
}

var floorLock sync.Mutex

// hold fails when a score fell below its floor, or raises the floor when asked to.
func hold(t *testing.T, name string, matched int) {
	t.Helper()
	floorLock.Lock()
	defer floorLock.Unlock()
	floors := readFloors(t)
	if os.Getenv("VIRTREE_GOLDEN_UPDATE") != "" {
		floors[name] = matched
		writeFloors(t, floors)
		return
	}
	// another set of documents has scores of its own
	if floor := floors[name]; matched < floor && os.Getenv("VIRTREE_TESTDATA") == "" {
		t.Errorf("golden %s: %d match, there were %d", name, matched, floor)
	}
}

func readFloors(t *testing.T) map[string]int {
	t.Helper()
	floors := map[string]int{}
	f, err := os.Open(floorFile)
	if err != nil {
		return floors
	}
	defer func() { _ = f.Close() }()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var name string
		var floor int
		if _, err := fmt.Sscan(lines.Text(), &name, &floor); err != nil {
			t.Fatalf("%s: %q: %v", floorFile, lines.Text(), err)
		}
		floors[name] = floor
	}
	return floors
}

func writeFloors(t *testing.T, floors map[string]int) {
	t.Helper()
	lines := make([]string, 0, len(floors))
	for name, floor := range floors {
		lines = append(lines, fmt.Sprintf("%s %d\n", name, floor))
	}
	slices.Sort(lines)
	if err := os.WriteFile(floorFile, []byte(strings.Join(lines, "")), 0o644); err != nil {
		t.Fatal(err)
	}
}

// firstDifference shows the first line in which two texts differ.
func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	line := func(lines []string, i int) string {
		if i < len(lines) {
			return lines[i]
		}
		return "(end)"
	}
	for i := range max(len(g), len(w)) {
		if a, b := line(g, i), line(w, i); a != b {
			return fmt.Sprintf("line %d\n got %s\nwant %s", i+1, a, b)
		}
	}
	return ""
}

func read(t *testing.T, parts ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(append([]string{testdata(t)}, parts...)...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
