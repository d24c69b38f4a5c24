package keep

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
)

// pocket is a Holder that lives as long as the test.
type pocket struct {
	t     *testing.T
	files map[string]*os.File
}

func newPocket(t *testing.T) *pocket {
	p := &pocket{t, map[string]*os.File{}}
	t.Cleanup(func() {
		for name := range p.files {
			p.Drop(name)
		}
	})
	return p
}

func duplicate(t *testing.T, f *os.File) *os.File {
	t.Helper()
	fd, err := syscall.Dup(int(f.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	syscall.CloseOnExec(fd)
	return os.NewFile(uintptr(fd), f.Name())
}

func (p *pocket) Hold(name string, f syscall.Conn) error {
	p.Drop(name)
	p.files[name] = duplicate(p.t, f.(*os.File))
	return nil
}

func (p *pocket) Drop(name string) {
	if f := p.files[name]; f != nil {
		f.Close()
		delete(p.files, name)
	}
}

// successor is what the next process makes of it.
func (p *pocket) successor() *Vault {
	p.t.Helper()
	files := map[string]*os.File{}
	for name, f := range p.files {
		files[name] = duplicate(p.t, f)
	}
	v, err := Reopen(p, files)
	if err != nil {
		p.t.Fatal(err)
	}
	return v
}

func open(t *testing.T, p *pocket) *Vault {
	t.Helper()
	v, err := Open(p)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// scrap makes a file of a content that only its descriptors keep alive.
func scrap(t *testing.T, content string) *os.File {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "f"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(content); err != nil {
		t.Fatal(err)
	}
	os.Remove(f.Name())
	t.Cleanup(func() { f.Close() })
	return f
}

func content(t *testing.T, f *os.File) string {
	t.Helper()
	b, err := io.ReadAll(io.NewSectionReader(f, 0, 1<<20))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// check holds what a vault gives against "key state content" of each file.
func check(t *testing.T, v *Vault, prefix string, want ...string) {
	t.Helper()
	var got []string
	for _, k := range v.Take(prefix) {
		got = append(got, fmt.Sprintf("%s %s %s", k.Key, k.State, content(t, k.File)))
		k.File.Close()
	}
	if !slices.Equal(got, want) {
		t.Errorf("took %q, want %q", got, want)
	}
}

func mustKeep(t *testing.T, v *Vault, key, state string, f *os.File) {
	t.Helper()
	if err := v.Keep(key, []byte(state), f); err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsKeptIsTakenByTheNext(t *testing.T) {
	p := newPocket(t)
	v := open(t, p)
	a := scrap(t, "A")
	mustKeep(t, v, "lock/a", "one", a)
	mustKeep(t, v, "lock/b", "two", scrap(t, "B"))
	mustKeep(t, v, "log/c: odd ü", "three", scrap(t, "C"))
	mustKeep(t, v, "lock/gone", "x", scrap(t, "X"))
	v.Forget("lock/gone")
	v.Forget("never there")
	mustKeep(t, v, "lock/b", "four", scrap(t, "D"))
	if err := v.Update("lock/a", []byte("five")); err != nil {
		t.Fatal(err)
	}
	if v.Update("nobody", nil) == nil {
		t.Error("the state of what is not kept was changed")
	}
	a.Close()

	v = p.successor()
	check(t, v, "lock/", "lock/a five A", "lock/b four D")
	check(t, v, "lock/")
	v = p.successor() // what was taken stays kept
	check(t, v, "lock/a", "lock/a five A")
	check(t, v, "", "lock/b four D", "log/c: odd ü three C")

	v = p.successor()
	v.Take("log/")[0].File.Close()
	if swept := v.Sweep(); !slices.Equal(swept, []string{"lock/a", "lock/b"}) {
		t.Errorf("swept %q", swept)
	}
	check(t, p.successor(), "", "log/c: odd ü three C")
}

func TestBadInputIsRefused(t *testing.T) {
	v := open(t, newPocket(t))
	f := scrap(t, "")
	long := make([]byte, maxState+1)
	for _, err := range []error{
		v.Keep("", nil, f), v.Keep(string(long[:maxKey+1]), nil, f), v.Keep("a", long, f),
	} {
		if err == nil {
			t.Error("no error")
		}
	}
	f.Close()
	if v.Keep("a", nil, f) == nil {
		t.Error("a closed file was kept")
	}
	if v.Len() != 0 {
		t.Errorf("%d files are kept", v.Len())
	}
}

// Many files, of which each is forgotten and kept again: nothing grows, nothing is lost.
func TestManyFilesDoNotGrow(t *testing.T) {
	const many = 2000
	p := newPocket(t)
	v := open(t, p)
	f := scrap(t, "F")
	key := func(i int) string { return "lock/" + strconv.Itoa(i) }
	for i := range many {
		mustKeep(t, v, key(i), strconv.Itoa(i), f)
	}
	shelves, size := len(v.shelves), len(v.ledger.memory.Bytes())
	for round := range 30 {
		for i := 7; i < many; i += 3 { // the first ones stand in the way
			v.Forget(key(i))
			mustKeep(t, v, key(i), strconv.Itoa(i+round), f)
		}
	}
	if v.dead > (deadShare+1)*many+deadExtra {
		t.Errorf("%d dead files on the shelves", v.dead)
	}
	if n := len(v.shelves); n > (deadShare+3)*shelves {
		t.Errorf("%d shelves, at first %d", n, shelves)
	}
	if n := len(v.ledger.memory.Bytes()); n > 4*size {
		t.Errorf("the ledger has %d bytes, at first %d", n, size)
	}
	if names := len(p.files); names != 1+2*len(v.shelves) {
		t.Errorf("the holder has %d files for %d shelves", names, len(v.shelves))
	}
	v = p.successor()
	all := v.Take("lock/")
	for _, k := range all {
		k.File.Close()
	}
	if len(all) != many {
		t.Errorf("%d of %d came back", len(all), many)
	}
	for i := range many {
		v.Forget(key(i))
	}
	for range many {
		v.tidy()
	}
	if v.dead != 0 || len(v.shelves) != 1 {
		t.Errorf("with nothing kept there are %d dead files on %d shelves", v.dead, len(v.shelves))
	}
}

func TestThawedVaultGoesOn(t *testing.T) {
	p := newPocket(t)
	v := open(t, p)
	mustKeep(t, v, "a", "1", scrap(t, "A"))
	mustKeep(t, v, "b", "2", scrap(t, "B"))
	v.Forget("a")
	state, _, err := v.Freeze()
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]*os.File{}
	for name, f := range p.files {
		files[name] = duplicate(t, f)
	}
	next, err := Thaw(p, state, files)
	if err != nil {
		t.Fatal(err)
	}
	check(t, next, "")
	mustKeep(t, next, "c", "3", scrap(t, "C"))
	next.Forget("b")
	check(t, p.successor(), "", "c 3 C")
}

// A file on a shelf that the ledger does not name, and one that was on its way to
// the tail, are what a process leaves that is killed in between.
func TestKilledInBetween(t *testing.T) {
	p := newPocket(t)
	v := open(t, p)
	mustKeep(t, v, "a", "1", scrap(t, "A"))
	a := v.ledger.live["a"].number
	if err := v.place(a, int(scrap(t, "A").Fd())); err != nil { // twice
		t.Fatal(err)
	}
	if err := v.place(a+1, int(scrap(t, "B").Fd())); err != nil { // not committed
		t.Fatal(err)
	}
	v = p.successor()
	if v.dead != 0 || len(v.shelves[0].waiting()) != 1 {
		t.Errorf("%d dead files, %d on the shelf", v.dead, len(v.shelves[0].waiting()))
	}
	mustKeep(t, v, "b", "2", scrap(t, "C"))
	check(t, p.successor(), "", "a 1 A", "b 2 C")
}

func BenchmarkKeepAndForget(b *testing.B) {
	for _, standing := range []int{0, 1000} {
		b.Run(strconv.Itoa(standing), func(b *testing.B) {
			t := &testing.T{}
			p := &pocket{t, map[string]*os.File{}}
			v, err := Open(p)
			if err != nil {
				b.Fatal(err)
			}
			f, err := os.CreateTemp(b.TempDir(), "")
			if err != nil {
				b.Fatal(err)
			}
			state := make([]byte, 200)
			for i := range standing {
				if err := v.Keep(strconv.Itoa(i), state, f); err != nil {
					b.Fatal(err)
				}
			}
			b.ResetTimer()
			for b.Loop() {
				if err := v.Keep("key", state, f); err != nil {
					b.Fatal(err)
				}
				v.Forget("key")
			}
		})
	}
}
