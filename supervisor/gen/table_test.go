package gen_test

import (
	"slices"
	"sync"
	"testing"

	"virtree.dev/supervisor/gen"
)

func TestTable(t *testing.T) {
	var table gen.Table[int, string]
	for i := range 3 {
		table.Put(i, "v")
	}
	table.Put(1, "w")
	table.Delete(0)
	table.Delete(0)
	if v, ok := table.Get(1); v != "w" || !ok || table.Len() != 2 || len(table.Snapshot()) != 2 {
		t.Error(v, ok, table.Len(), table.Snapshot())
	}
	if _, ok := table.Get(0); ok {
		t.Error("found what was deleted")
	}
	first := table.Snapshot()
	table.Put(9, "x")
	if len(first) != 2 || len(table.Snapshot()) != 3 {
		t.Error("a snapshot changed, or did not")
	}
	n := 0
	table.Range(func(int, string) bool { n++; return false })
	if n != 1 {
		t.Errorf("went on to %d", n)
	}
}

// Readers never see less than what was there all the time.
func TestTableUnderChange(t *testing.T) {
	var table gen.Table[int, int]
	table.Put(-1, -1)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for range 500 {
				if !slices.Contains(table.Snapshot(), -1) {
					t.Error("a value that was never deleted is missing")
					return
				}
			}
		})
	}
	for i := range 2000 {
		table.Put(i%7, i)
		table.Delete((i + 3) % 7)
	}
	wg.Wait()
	if got := table.Snapshot(); len(got) != table.Len() {
		t.Errorf("%d values, %d counted", len(got), table.Len())
	}
}
