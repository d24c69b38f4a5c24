package keep

import (
	"encoding/json"
	"fmt"
	"os"
	"syscall"
)

// FrozenVersion is that of a vault on its way to the next program.
const FrozenVersion = 1

// frozenVault is what cannot be read cheaply from shelves and ledger.
type frozenVault struct {
	Lines map[int][]uint64 `json:"lines"` // shelf: what stands on it
	Dead  int              `json:"dead"`
}

// Freeze gives the state and the files of the vault for the next program of this process.
func (v *Vault) Freeze() (state json.RawMessage, files map[string]syscall.Conn, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	f := frozenVault{Lines: map[int][]uint64{}, Dead: v.dead}
	files = map[string]syscall.Conn{ledgerName: v.ledger.file}
	for _, s := range v.shelves {
		in, out := s.names()
		files[in], files[out] = s.in, s.out
		f.Lines[s.id] = s.waiting()
	}
	state, err = json.Marshal(f)
	return state, files, err
}

// Thaw goes on in the next program. Nothing is left to be taken: the files themselves
// have come along with those who use them.
func Thaw(h Holder, state json.RawMessage, files map[string]*os.File) (*Vault, error) {
	var f frozenVault
	if err := json.Unmarshal(state, &f); err != nil {
		return nil, err
	}
	v, err := resume(h, files)
	if err != nil {
		return nil, err
	}
	v.dead = f.Dead
	for _, s := range v.shelves {
		line, ok := f.Lines[s.id]
		if !ok {
			return nil, fmt.Errorf("nothing is known of shelf %d", s.id)
		}
		s.line = line
		for _, number := range line {
			v.ledger.next = max(v.ledger.next, number+1)
		}
	}
	return v, nil
}
