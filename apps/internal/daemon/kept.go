package daemon

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"virtree.dev/actors/rpc"
	"virtree.dev/supervisor/freeze"
	"virtree.dev/supervisor/gen"
	"virtree.dev/supervisor/keep"
	"virtree.dev/supervisor/keep/keeper"
	"virtree.dev/systemd/activation"
	"virtree.dev/systemd/fdstore"
)

const (
	partKept    = "kept"
	keptVersion = 1
	keeperConn  = "keeper"
)

var _ = freeze.Register("kept files", 1, keptVersion)

// kept is what lives on when this process is killed. The zero value keeps nothing.
type kept struct {
	vault     *keep.Vault
	holder    keep.Holder
	keeper    *keeper.Client      // the holder, where it is no service manager
	listeners map[string]*os.File // of a process that was killed
	held      []string            // listeners of ours
	onDemand  bool                // clients start the daemon where none listens
}

// frozenKept is what the next program has to know of it.
type frozenKept struct {
	Vault     json.RawMessage `json:"vault"`
	Listeners []string        `json:"listeners"`
}

// openKept finds what a process before this one left, in systemd's store or with a
// keeper. A daemon that holds nothing for others does without a keeper.
func (s *setup) openKept() error {
	if f := s.box.Take(partKept); f != nil {
		return s.thawKept(f)
	}
	var files map[string]*os.File
	if s.box == nil {
		handed, err := activation.Receive()
		if err != nil {
			return &startError{stageNetwork, err}
		}
		files, s.handed = handed.Stored(fdstore.Prefix)
	}
	var err error
	switch store, none := fdstore.Open(); {
	case none == nil:
		s.kept.holder = store
	case s.spec.Keeps:
		if !errors.Is(none, fdstore.ErrNone) {
			s.logger.Warn(none.Error())
		}
		if s.kept.keeper, files, err = keeper.Join(s.keeperPlace(), s.keeperNews); err != nil {
			// As libvirt's daemon would be: alive, and nothing outlives it.
			s.logger.Error(fmt.Sprintf("what this daemon holds ends with it: %v", err))
			return nil
		}
		s.kept.holder, s.kept.onDemand = s.kept.keeper, !s.dirs.Privileged
	default:
		return nil
	}
	return s.kept.open(files)
}

// open takes what was kept, or begins anew.
func (k *kept) open(files map[string]*os.File) (err error) {
	k.listeners = map[string]*os.File{}
	vault := false
	for name, f := range files {
		if own, ok := strings.CutPrefix(name, keeper.ListenerPrefix); ok {
			k.listeners[own] = f
		}
		vault = vault || keep.IsPart(name)
	}
	if vault {
		k.vault, err = keep.Reopen(k.holder, files)
	} else {
		k.vault, err = keep.Open(k.holder)
	}
	if err != nil {
		return fmt.Errorf("what was kept cannot be had: %w", err)
	}
	return nil
}

func (s *setup) keeperPlace() keeper.Place {
	return keeper.Place{
		Path: filepath.Join(filepath.Dir(s.sockets.RW), s.spec.Name+"-keeper-sock"),
		Name: strings.TrimPrefix(s.spec.Name, "virt"),
	}
}

func (s *setup) keeperNews(err error) { s.logger.Error(err.Error()) }

// store is what the service keeps things in.
func (k *kept) store() keep.Store {
	if k.vault == nil {
		return keep.None{}
	}
	return k.vault
}

// listens keeps a socket that this daemon made itself, so that clients may queue
// while it is dead. They must not where nobody but they would start it again.
func (k *kept) listens(l *rpc.Listener) error {
	if k.holder == nil || k.onDemand {
		return nil
	}
	name := keeper.ListenerPrefix + l.Name()
	k.held = append(k.held, name)
	return k.holder.Hold(name, l.Socket())
}

// carried goes on with a socket that came along from the former program.
func (k *kept) carried(l *rpc.Listener) error {
	name := keeper.ListenerPrefix + l.Name()
	switch held := slices.Contains(k.held, name); {
	case l.Kept() && !held:
		return k.listens(l)
	case held && k.keeper != nil:
		k.keeper.Holds(name, l.Socket())
	}
	return nil
}

// regain gives a socket on which a process listened that was killed, if its name
// still leads there.
func (k *kept) regain(name, path string) *os.File {
	f := k.listeners[name]
	delete(k.listeners, name)
	if f != nil && !rpc.IsAt(f, path) {
		f.Close()
		return nil
	}
	return f
}

// settle gives up what of a killed process nobody took. It names that.
func (k *kept) settle() (swept []string) {
	for name, f := range k.listeners {
		k.holder.Drop(keeper.ListenerPrefix + name)
		f.Close()
	}
	k.listeners = nil
	if k.vault != nil {
		swept = k.vault.Sweep()
	}
	return swept
}

// freeze puts all into the box. Nothing is kept or forgotten any more.
func (k *kept) freeze(box *freeze.Box) error {
	if k.vault == nil {
		return nil
	}
	state, files, err := k.vault.Freeze()
	if err != nil {
		return err
	}
	if k.keeper != nil {
		files[keeperConn] = k.keeper.Conn()
	}
	return box.PutState(partKept, keptVersion, frozenKept{state, k.held}, files)
}

// thawKept goes on with what the former program of this process kept.
func (s *setup) thawKept(f *gen.Frozen) (err error) {
	var state frozenKept
	if err := json.Unmarshal(f.State, &state); err != nil {
		return fmt.Errorf("what was kept cannot be had: %w", err)
	}
	files := map[string]*os.File{}
	for name := range f.Files {
		if files[name], err = freeze.File(f, name); err != nil {
			return err
		}
	}
	s.kept.held = state.Listeners
	conn := files[keeperConn]
	delete(files, keeperConn)
	if conn == nil {
		s.kept.holder = fdstore.Holder{}
	} else {
		held := map[string]syscall.Conn{}
		for name, f := range files {
			held[name] = f
		}
		if s.kept.keeper, err = keeper.Rejoin(s.keeperPlace(), conn, held, s.keeperNews); err != nil {
			return err
		}
		s.kept.holder, s.kept.onDemand = s.kept.keeper, !s.dirs.Privileged
	}
	s.kept.vault, err = keep.Thaw(s.kept.holder, state.Vault, files)
	return err
}

// end is the orderly end: clients need not wait here any more. What is still kept
// waits for the next process.
func (k *kept) end() {
	for _, name := range k.held {
		k.holder.Drop(name)
	}
	if k.vault == nil {
		return
	}
	if k.keeper != nil {
		k.keeper.Leave(k.vault.Len() == 0)
	}
	k.vault.Close()
}
