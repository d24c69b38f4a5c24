package keep

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"virtree.dev/internal/sys"
)

// The ledger's first page: what it is, and which bank counts.
const (
	magic      = "vtkeep\x00\x01" // the last byte is the version
	atBank     = 8                // offset and size in pages, 32 bits each
	page       = 4096
	smallBank  = 16 * page
	maxLedger  = 512 << 20
	ledgerName = "ledger"

	// highest is no key: its record says how far the numbers have gone.
	highest = "\x00"
)

var errNoLedger = errors.New("it is no ledger of kept files")

// entry is a kept file in the ledger.
type entry struct {
	number uint64
	state  []byte
}

// ledger says which files are kept. One process writes it.
type ledger struct {
	file       *os.File
	memory     *sys.Mapping
	start, end int // the bank that counts
	at         int // where the next record goes
	live       map[string]entry
	bytes      int    // of the records that count
	next       uint64 // number
}

func newLedger() (*ledger, error) {
	f, err := sys.Memory(ledgerName, []byte(magic))
	if err != nil {
		return nil, err
	}
	l := &ledger{file: f, live: map[string]entry{}, start: page, end: page, next: 1}
	if l.memory, err = sys.Map(f, page); err == nil {
		err = l.rewrite(0)
	}
	if err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

// openLedger goes on with the ledger of a former process.
func openLedger(f *os.File) (*ledger, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() < 2*page || info.Size() > maxLedger {
		return nil, errNoLedger
	}
	l := &ledger{file: f, live: map[string]entry{}, next: 1}
	if l.memory, err = sys.Map(f, int(info.Size())); err != nil {
		return nil, err
	}
	if l.start, l.end, err = bank(l.memory.Bytes()); err != nil {
		l.memory.Close()
		return nil, err
	}
	l.at = l.start + replay(l.memory.Bytes()[l.start:l.end], l.account)
	return l, nil
}

// bank finds the bounds of the bank that counts.
func bank(b []byte) (start, end int, err error) {
	if len(b) < page || !bytes.HasPrefix(b, []byte(magic[:7])) {
		return 0, 0, errNoLedger
	}
	if version := b[7]; version != magic[7] {
		return 0, 0, fmt.Errorf("the ledger of kept files has version %d, this program knows %d", version, magic[7])
	}
	word := order.Uint64(b[atBank:])
	first, pages := word>>32, word&0xffffffff
	if first == 0 || pages == 0 || (first+pages)*page > uint64(len(b)) {
		return 0, 0, errNoLedger
	}
	return int(first) * page, int(first+pages) * page, nil
}

// replay gives each finished record in order, and where the next one goes.
func replay(b []byte, each func(record)) int {
	at := 0
	for {
		r, size, ok := read(b[at:])
		if !ok {
			return at
		}
		each(r)
		at += size
	}
}

// account brings the table up to a record.
func (l *ledger) account(r record) {
	if old, there := l.live[r.key]; there {
		l.bytes -= (&record{key: r.key, state: old.state}).size()
	}
	l.next = max(l.next, r.number+1)
	if r.kind != kindKept {
		delete(l.live, r.key)
		return
	}
	l.live[r.key] = entry{r.number, bytes.Clone(r.state)}
	l.bytes += r.size()
}

// write appends a record: it counts when this returns, or not at all.
func (l *ledger) write(r record) error {
	if err := r.check(); err != nil {
		return err
	}
	if l.at+r.size()+endMark > l.end {
		if err := l.rewrite(r.size()); err != nil {
			return err
		}
	}
	l.append(&r)
	l.account(r)
	return nil
}

// append writes a record where there is room for it.
func (l *ledger) append(r *record) {
	b, size := l.memory.Bytes(), r.size()
	r.put(b[l.at:])
	order.PutUint32(b[l.at+size:], 0)
	l.memory.Store32(l.at+atSize, uint32(size))
	l.at += size
}

// rewrite begins a bank with what counts and room for at least as much again.
func (l *ledger) rewrite(need int) error {
	size := max(smallBank, (2*(l.bytes+need+recordHead)+endMark+page-1)/page*page)
	start := page
	if l.start < page+size {
		start = l.end // behind the one that counts
	}
	if start+size > maxLedger {
		return errors.New("too much state to be kept")
	}
	if end := start + size; end > len(l.memory.Bytes()) {
		if err := l.memory.Resize(end); err != nil {
			return err
		}
	}
	order.PutUint32(l.memory.Bytes()[start:], 0)
	l.at = start
	l.append(&record{kind: kindForgotten, key: highest, number: l.next - 1})
	for _, key := range slices.Sorted(maps.Keys(l.live)) {
		e := l.live[key]
		l.append(&record{kindKept, key, e.number, e.state})
	}
	l.start, l.end = start, start+size
	l.memory.Store64(atBank, uint64(start/page)<<32|uint64(size/page))
	if l.end < len(l.memory.Bytes()) {
		return l.memory.Resize(l.end)
	}
	return nil
}

func (l *ledger) close() {
	if l.memory != nil {
		l.memory.Close()
	}
	l.file.Close()
}
