package lockd

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"syscall"
	"time"

	"virtree.dev/internal/sys"
	"virtree.dev/protocol/xdr"
	"virtree.dev/supervisor/freeze"
	"virtree.dev/supervisor/gen"
)

const (
	frozenVersion = 1
	tableFile     = "table"   // the file of a part that has the table in it
	lateFile      = "late"    // and the owners that were lost after it was made
	tableLimit    = 256 << 20 // bytes
)

var _ = freeze.Register("locks", 1, frozenVersion)

// spaceFor gives a lockspace of a former program. Whether it is local is looked
// up later, for that may take long.
func (l *locks) spaceFor(dir string) *space {
	if dir == "" {
		return l.direct
	}
	if l.spaces[dir] == nil {
		l.spaces[dir] = newSpace(dir)
	}
	return l.spaces[dir]
}

// put enters a resource of a former program.
func (l *locks) put(r *resource, f *os.File) (err error) {
	if r.space.resources[r.name] != nil {
		err = fmt.Errorf("resource '%s' is there twice", r.name)
	} else {
		r.lease, err = sys.AdoptLease(f)
	}
	if err != nil {
		l.strays = append(l.strays, f)
		return err
	}
	r.space.resources[r.name] = r
	for i := range r.owners {
		l.held[r.owners[i].PID]++
	}
	return nil
}

// pack gives everything for the next program.
func (l *locks) pack() (f gen.Frozen, table *os.File, err error) {
	// Clients are frozen after the locks: a connection may end in between.
	late, err := sys.Memory("late", nil)
	if err != nil {
		return gen.Frozen{}, nil, err
	}
	defer func() {
		if err != nil {
			late.Close()
		}
	}()
	l.mu.Lock()
	defer l.mu.Unlock()
	f = gen.Frozen{Version: frozenVersion, Files: map[string]syscall.Conn{}}
	b := l.appendTable(nil, func(r *resource) uint32 {
		if r.busy {
			err = fmt.Errorf("resource '%s' is being locked or released", r.name)
		}
		n := len(f.Files)
		f.Files[strconv.Itoa(n)] = r.lease
		return uint32(n)
	})
	if err != nil {
		return gen.Frozen{}, nil, err
	}
	if table, err = sys.Memory("locks", b); err != nil {
		return gen.Frozen{}, nil, err
	}
	f.Files[tableFile], f.Files[lateFile] = table, late
	l.late = late
	return f, table, nil
}

// unpack takes over from a former program of ours. What one lock fails with
// keeps none of the others.
func (l *locks) unpack(f *gen.Frozen) error {
	if f.Version != frozenVersion {
		return fmt.Errorf("locks frozen by version %d, this program knows %d", f.Version, frozenVersion)
	}
	table, err := freeze.File(f, tableFile)
	if err != nil {
		return err
	}
	defer table.Close()
	b, err := io.ReadAll(io.NewSectionReader(table, 0, tableLimit))
	if err != nil {
		return err
	}
	late, err := lateOwners(f)
	if err != nil {
		return err
	}
	return l.decodeTable(b, func(r *resource, number uint32) error {
		for i := range r.owners {
			if o := &r.owners[i]; late[o.PID] {
				o.Bond = lost
			}
		}
		file, err := freeze.File(f, strconv.FormatUint(uint64(number), 10))
		if err != nil {
			return err
		}
		return l.put(r, file)
	})
}

// noteLate tells the next program of an owner that is lost. l.mu is held.
func (l *locks) noteLate(pid int) {
	if l.late == nil {
		return
	}
	if _, err := l.late.Write(xdr.AppendInt32(nil, int32(pid))); err != nil {
		l.log.Error(fmt.Sprintf("the end of the connection of %d: %v", pid, err))
	}
}

// lateOwners reads what noteLate wrote.
func lateOwners(f *gen.Frozen) (map[int]bool, error) {
	file, err := freeze.File(f, lateFile)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	b, err := io.ReadAll(io.NewSectionReader(file, 0, tableLimit))
	late := map[int]bool{}
	for d := xdr.NewDecoder(b); d.Left() >= 4; {
		late[int(d.Int32())] = true
	}
	return late, err
}

// unpacked undoes pack.
func (l *locks) unpacked() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.late != nil {
		l.late.Close()
		l.late = nil
	}
}

// Freeze implements gen.Freezer: nobody waits for an owner any more.
func (g *guard) Freeze(*gen.Process) (f gen.Frozen, err error) {
	g.locks.clear(time.Now())
	f, g.packed, err = g.locks.pack()
	return f, err
}

// Thaw implements gen.Freezer. It came to nothing: the next program has its
// locks before it has a guard.
func (g *guard) Thaw(p *gen.Process, _ gen.Frozen) error {
	if g.packed != nil {
		g.packed.Close()
		g.packed = nil
	}
	g.locks.unpacked()
	return g.Init(p)
}
