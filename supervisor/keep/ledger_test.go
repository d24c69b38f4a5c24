package keep

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"virtree.dev/internal/sys"
)

func memoryOf(t testing.TB, content []byte) *os.File {
	t.Helper()
	f, err := sys.Memory("ledger", content)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func states(l *ledger) string {
	var b strings.Builder
	for _, key := range []string{"a", "b", "c"} {
		if e, ok := l.live[key]; ok {
			fmt.Fprintf(&b, "%s=%s ", key, e.state)
		}
	}
	return b.String()
}

// A process may be killed at any byte that it writes: what was there before is read,
// and what comes after is as well.
func TestTornAnywhere(t *testing.T) {
	l, err := newLedger()
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	for _, r := range []record{{kindKept, "a", 1, []byte("one")}, {kindKept, "b", 2, []byte("two")}} {
		if err := l.write(r); err != nil {
			t.Fatal(err)
		}
	}
	before := bytes.Clone(l.memory.Bytes())
	last := record{kindKept, "a", 3, []byte("longer than before")}
	at := l.at
	if err := l.write(last); err != nil {
		t.Fatal(err)
	}
	after := l.memory.Bytes()
	for cut := range last.size() {
		for _, mark := range []bool{false, true} { // the commit mark comes last, but let it not matter
			torn := bytes.Clone(before)
			copy(torn[at+4:at+4+cut], after[at+4:])
			if mark {
				copy(torn[at:at+4], after[at:])
			}
			next, err := openLedger(memoryOf(t, torn))
			if err != nil {
				t.Fatal(err)
			}
			want := "a=one b=two "
			if mark && bytes.Equal(torn[at:at+last.size()], after[at:at+last.size()]) {
				want = "a=longer than before b=two "
			}
			if got := states(next); got != want {
				t.Fatalf("cut at %d: %q", cut, got)
			}
			if err := next.write(record{kindKept, "c", 4, []byte("3")}); err != nil {
				t.Fatal(err)
			}
			again, err := openLedger(memoryOf(t, next.memory.Bytes()))
			if err != nil || states(again) != want+"c=3 " {
				t.Fatalf("cut at %d, written on: %q, %v", cut, states(again), err)
			}
			next.close()
			again.close()
		}
	}
}

func TestLedgerIsWrittenAnew(t *testing.T) {
	l, err := newLedger()
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	big := bytes.Repeat([]byte{'x'}, 10_000)
	for i := range 1000 {
		key := fmt.Sprint(i % 5)
		if err := l.write(record{kindKept, key, uint64(i + 1), big[:i*10]}); err != nil {
			t.Fatal(err)
		}
		next, err := openLedger(memoryOf(t, l.memory.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		if len(next.live) != min(i+1, 5) || len(next.live[key].state) != i*10 || next.bytes != l.bytes || next.next != l.next {
			t.Fatalf("record %d: read %d keys, %d bytes, of %d", i, len(next.live), next.bytes, l.bytes)
		}
		next.close()
	}
	if n := len(l.memory.Bytes()); n > 1<<20 {
		t.Errorf("50 kB of state take %d bytes", n)
	}
}

func TestAnotherVersionIsRefused(t *testing.T) {
	l, err := newLedger()
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	content := bytes.Clone(l.memory.Bytes())
	content[7]++
	if _, err := openLedger(memoryOf(t, content)); err == nil || !strings.Contains(err.Error(), "version 2") {
		t.Errorf("version 2: %v", err)
	}
}

func FuzzLedger(f *testing.F) {
	l, err := newLedger()
	if err != nil {
		f.Fatal(err)
	}
	_ = l.write(record{kindKept, "a", 1, []byte("one")})
	_ = l.write(record{kindForgotten, "a", 1, nil})
	f.Add(bytes.Clone(l.memory.Bytes()[:page]), bytes.Clone(l.memory.Bytes()[page:page+200]))
	f.Fuzz(func(t *testing.T, head, records []byte) {
		b := make([]byte, 2*page)
		copy(b, head)
		copy(b[page:], records)
		start, end, err := bank(b)
		if err != nil {
			start, end = page, 2*page
		}
		last := 0
		at := replay(b[start:end], func(r record) {
			last++
			if r.key == "" || len(r.key) > maxKey || len(r.state) > maxState {
				t.Errorf("read a key of %d bytes and a state of %d", len(r.key), len(r.state))
			}
		})
		if at > end-start || at < last*recordHead {
			t.Errorf("%d records end at %d of %d", last, at, end-start)
		}
	})
}
