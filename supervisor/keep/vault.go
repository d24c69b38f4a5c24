package keep

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
)

// Vault is a Store on shelves and a ledger, which a Holder holds.
type Vault struct {
	mu      sync.Mutex
	holder  Holder
	ledger  *ledger
	shelves []*shelf            // the last one is filled
	shelfID int                 // of the next one
	live    map[uint64]struct{} // numbers that count
	turn    int                 // the shelf that is tidied next
	dead    int                 // files on shelves that count no more
	left    map[string]Kept     // by a former process, not yet taken
}

// Open makes an empty vault.
func Open(h Holder) (*Vault, error) {
	l, err := newLedger()
	if err != nil {
		return nil, err
	}
	v := &Vault{holder: h, ledger: l, live: map[uint64]struct{}{}}
	if err := h.Hold(ledgerName, l.file); err != nil {
		l.close()
		return nil, err
	}
	return v, nil
}

// IsPart says whether a file that a Holder gave back is one of a vault.
func IsPart(name string) bool { return name == ledgerName || strings.HasPrefix(name, "shelf-") }

// Reopen goes on with what a process left that ended: the files that the Holder
// gave back, by name, of which it takes those of a vault. What nobody takes is swept
// away by Sweep.
func Reopen(h Holder, files map[string]*os.File) (*Vault, error) {
	v, err := resume(h, files)
	if err != nil {
		return nil, err
	}
	v.left = map[string]Kept{}
	if err := v.look(); err != nil {
		return nil, err
	}
	for _, key := range slices.Sorted(maps.Keys(v.ledger.live)) {
		if _, there := v.left[key]; !there { // committed before it was on a shelf: cannot be
			v.forget(key)
		}
	}
	return v, v.needShelf()
}

// look opens what is on the shelves. What is dead is taken off: a process may have
// been killed before it said that a file was kept, or while it gave up a lock, and
// what nobody knows of must not hold a lock any longer.
func (v *Vault) look() error {
	byNumber := map[uint64]string{}
	for key, e := range v.ledger.live {
		byNumber[e.number] = key
	}
	for _, s := range slices.Clone(v.shelves) {
		before := v.dead
		err := s.walk(func(number uint64, file *os.File) {
			s.line = append(s.line, number)
			v.ledger.next = max(v.ledger.next, number+1)
			key, counts := byNumber[number]
			_, twice := v.left[key]
			if !counts || twice {
				v.dead++
				file.Close()
				return
			}
			v.left[key] = Kept{key, v.ledger.live[key].state, file}
		})
		if err != nil {
			return err
		}
		if v.dead > before {
			if err := v.turnOver(s); err != nil {
				return err
			}
		}
	}
	return nil
}

// resume takes ledger and shelves over, but does not look at what is on them.
func resume(h Holder, files map[string]*os.File) (*Vault, error) {
	file := files[ledgerName]
	if file == nil {
		return nil, errNoLedger
	}
	l, err := openLedger(file)
	if err != nil {
		return nil, err
	}
	v := &Vault{holder: h, ledger: l, live: map[uint64]struct{}{}}
	for _, e := range l.live {
		v.live[e.number] = struct{}{}
	}
	for name, out := range files {
		var id int
		if _, err := fmt.Sscanf(name, "shelf-%d-out", &id); err != nil {
			continue
		}
		s := &shelf{id: id, out: out}
		inName, _ := s.names()
		if s.in = files[inName]; s.in == nil {
			return nil, fmt.Errorf("%s is missing", inName)
		}
		v.shelves = append(v.shelves, s)
		v.shelfID = max(v.shelfID, id+1)
	}
	slices.SortFunc(v.shelves, func(a, b *shelf) int { return a.id - b.id })
	return v, nil
}

// needShelf sees to it that there is one to be filled.
func (v *Vault) needShelf() error {
	if len(v.shelves) > 0 {
		return nil
	}
	return v.addShelf()
}

func (v *Vault) addShelf() error {
	s, err := newShelf(v.shelfID)
	if err != nil {
		return err
	}
	in, out := s.names()
	if err := errors.Join(v.holder.Hold(in, s.in), v.holder.Hold(out, s.out)); err != nil {
		v.holder.Drop(in)
		v.holder.Drop(out)
		s.close()
		return err
	}
	v.shelfID++
	v.shelves = append(v.shelves, s)
	return nil
}

// Keep holds a file and its state.
func (v *Vault) Keep(key string, state []byte, file syscall.Conn) error {
	if err := (&record{key: key, state: state}).check(); err != nil {
		return err
	}
	raw, err := file.SyscallConn()
	if err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.tidy()
	number := v.ledger.next
	v.ledger.next++
	if failed := raw.Control(func(fd uintptr) { err = v.place(number, int(fd)) }); failed != nil {
		return failed
	}
	if err != nil {
		return fmt.Errorf("keep %s: %w", key, err)
	}
	old, replaced := v.ledger.live[key]
	if err := v.ledger.write(record{kindKept, key, number, state}); err != nil {
		v.dead++
		return fmt.Errorf("keep %s: %w", key, err)
	}
	v.live[number] = struct{}{}
	v.untake(key)
	if replaced {
		v.bury(old.number)
	}
	return nil
}

// place puts a file on a shelf that has room.
func (v *Vault) place(number uint64, fd int) error {
	if err := v.needShelf(); err != nil {
		return err
	}
	done, err := v.shelves[len(v.shelves)-1].push(number, fd)
	if done || err != nil {
		return err
	}
	if err := v.addShelf(); err != nil {
		return err
	}
	if done, err = v.shelves[len(v.shelves)-1].push(number, fd); err == nil && !done {
		err = errors.New("there is no room on an empty shelf")
	}
	return err
}

var errNotKept = errors.New("it is not kept")

// Update changes the state of a kept file.
func (v *Vault) Update(key string, state []byte) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	e, ok := v.ledger.live[key]
	if !ok {
		return fmt.Errorf("state of %s: %w", key, errNotKept)
	}
	if err := v.ledger.write(record{kindKept, key, e.number, state}); err != nil {
		return fmt.Errorf("state of %s: %w", key, err)
	}
	return nil
}

// Forget ends the keeping of a file; the file itself goes when its turn comes.
func (v *Vault) Forget(key string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.forget(key)
	v.tidy()
}

func (v *Vault) forget(key string) {
	e, ok := v.ledger.live[key]
	if !ok {
		return
	}
	// Only a ledger that cannot grow fails: then the key is known too long, no worse.
	if v.ledger.write(record{kind: kindForgotten, key: key, number: e.number}) != nil {
		return
	}
	v.untake(key)
	v.bury(e.number)
}

func (v *Vault) bury(number uint64) {
	delete(v.live, number)
	v.dead++
}

// untake closes what a former process left under a key.
func (v *Vault) untake(key string) {
	if k, ok := v.left[key]; ok {
		k.File.Close()
		delete(v.left, key)
	}
}

// Take gives what a former process left under keys with a prefix.
func (v *Vault) Take(prefix string) []Kept {
	v.mu.Lock()
	defer v.mu.Unlock()
	var list []Kept
	for _, key := range slices.Sorted(maps.Keys(v.left)) {
		if strings.HasPrefix(key, prefix) {
			list = append(list, v.left[key])
			delete(v.left, key)
		}
	}
	return list
}

// Sweep forgets what a former process left and nobody took, and names it.
func (v *Vault) Sweep() (keys []string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	keys = slices.Sorted(maps.Keys(v.left))
	for _, key := range keys {
		v.forget(key)
	}
	v.left = nil
	v.tidy()
	return keys
}

// Len is how many files are kept.
func (v *Vault) Len() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.ledger.live)
}

// Close gives up this process's hold of the vault; the Holder goes on.
func (v *Vault) Close() {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, k := range v.left {
		k.File.Close()
	}
	for _, s := range v.shelves {
		s.close()
	}
	v.ledger.close()
	v.shelves, v.left = nil, nil
}
