package gen

import (
	"sync"
	"sync/atomic"
)

// Table is a published table (OTP's ETS): one process writes, anybody reads
// without waiting. Values must not change once they are put.
type Table[K comparable, V any] struct {
	items   sync.Map
	count   atomic.Int64
	version atomic.Uint64
	all     atomic.Pointer[allOf[V]]
}

// allOf is a list of the values at one version of a table.
type allOf[V any] struct {
	version uint64
	values  []V
}

// Get finds a value.
func (t *Table[K, V]) Get(k K) (V, bool) {
	v, ok := t.items.Load(k)
	if !ok {
		var zero V
		return zero, false
	}
	return v.(V), true
}

// Put stores a value. Only the writer calls it.
func (t *Table[K, V]) Put(k K, v V) {
	if _, had := t.items.Swap(k, v); !had {
		t.count.Add(1)
	}
	t.version.Add(1)
}

// Delete takes a value out. Only the writer calls it.
func (t *Table[K, V]) Delete(k K) {
	if _, had := t.items.LoadAndDelete(k); had {
		t.count.Add(-1)
		t.version.Add(1)
	}
}

// Len gives the number of values.
func (t *Table[K, V]) Len() int { return int(t.count.Load()) }

// Range calls f for each value until it says false, in no order.
func (t *Table[K, V]) Range(f func(k K, v V) bool) {
	t.items.Range(func(k, v any) bool { return f(k.(K), v.(V)) })
}

// Snapshot gives all values, in no order. The list is shared: readers must not
// change it. It is made once for each version of the table.
func (t *Table[K, V]) Snapshot() []V {
	version := t.version.Load()
	if a := t.all.Load(); a != nil && a.version == version {
		return a.values
	}
	values := make([]V, 0, t.Len())
	t.items.Range(func(_, v any) bool {
		values = append(values, v.(V))
		return true
	})
	t.all.Store(&allOf[V]{version, values})
	return values
}
