package keep

import (
	"os"

	"virtree.dev/internal/sys"
)

// Holding says what a vault is good for.
type Holding uint8

// What is kept at the most.
const (
	HoldsNothing Holding = iota
	HoldsPipes           // or sockets
	HoldsLocks           // files that lie on a disk
)

// Inspect looks what the vault of a process that is gone holds. What it cannot read
// counts for the most.
func Inspect(files map[string]*os.File) Holding {
	if files[ledgerName] == nil {
		return HoldsNothing
	}
	// Duplicates, for closing is no part of looking.
	count, err := liveIn(files[ledgerName])
	if err != nil {
		return HoldsLocks
	}
	if count == 0 {
		return HoldsNothing
	}
	what := HoldsPipes
	for name, out := range files {
		if !IsPart(name) || name == ledgerName {
			continue
		}
		// At an in-end nothing waits.
		err := (&shelf{out: out}).walk(func(_ uint64, f *os.File) {
			if sys.OpensFile(f) {
				what = HoldsLocks
			}
			f.Close()
		})
		if err != nil {
			return HoldsLocks
		}
	}
	return what
}

// liveIn counts what a ledger names.
func liveIn(f *os.File) (int, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if info.Size() > maxLedger {
		return 0, errNoLedger
	}
	content := make([]byte, info.Size())
	if _, err := f.ReadAt(content, 0); err != nil {
		return 0, err
	}
	start, end, err := bank(content)
	if err != nil {
		return 0, err
	}
	l := ledger{live: map[string]entry{}}
	replay(content[start:end], l.account)
	return len(l.live), nil
}
