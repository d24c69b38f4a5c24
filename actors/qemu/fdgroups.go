package qemu

import (
	"os"
	"sync"
	"syscall"

	"virtree.dev/actors/qemu/command"
	xml "virtree.dev/protocol/xml/domain"
)

// fdGroup are open files under a name, in place of an image's path.
type fdGroup struct {
	files    []*os.File
	writable bool
	client   uint64 // whose they are
}

func (g *fdGroup) close() {
	for _, f := range g.files {
		f.Close()
	}
}

// fdGroups are those that clients gave to domains. They last as long as the client is there.
type fdGroups struct {
	mu    sync.Mutex
	byDom map[xml.UUID]map[string]*fdGroup
}

// put gives a domain a group in place of one with the same name.
func (g *fdGroups) put(uuid xml.UUID, name string, fresh *fdGroup) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.byDom == nil {
		g.byDom = map[xml.UUID]map[string]*fdGroup{}
	}
	groups := g.byDom[uuid]
	if groups == nil {
		groups = map[string]*fdGroup{}
		g.byDom[uuid] = groups
	}
	if old := groups[name]; old != nil {
		old.close()
	}
	groups[name] = fresh
}

// drop takes away what a client gave to a domain.
func (g *fdGroups) drop(uuid xml.UUID, client uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for name, group := range g.byDom[uuid] {
		if group.client == client {
			group.close()
			delete(g.byDom[uuid], name)
		}
	}
	if len(g.byDom[uuid]) == 0 {
		delete(g.byDom, uuid)
	}
}

// describe tells the command line about a group.
func (g *fdGroups) describe(uuid xml.UUID) func(name string) (count int, writable, known bool) {
	return func(name string) (int, bool, bool) {
		g.mu.Lock()
		defer g.mu.Unlock()
		group := g.byDom[uuid][name]
		if group == nil {
			return 0, false, false
		}
		return len(group.files), group.writable, true
	}
}

// open gives a copy of one file of a group, for QEMU.
func (g *fdGroups) open(uuid xml.UUID, p command.Pass) (*os.File, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	group := g.byDom[uuid][p.Path]
	if group == nil || p.Index >= len(group.files) {
		return nil, errNoGroup(p.Path)
	}
	fd, err := syscall.Dup(int(group.files[p.Index].Fd()))
	if err != nil {
		return nil, errInternal("failed to duplicate file descriptor for fd group '%s'", p.Path)
	}
	syscall.CloseOnExec(fd)
	return os.NewFile(uintptr(fd), p.Path), nil
}

func errNoGroup(name string) error {
	return errInvalidArg("file descriptor group '%s' was not associated with the domain", name)
}

// check refuses a document whose groups nobody gave.
func (g *fdGroups) check(def *xml.Domain) error {
	known := g.describe(def.UUID)
	for _, disk := range def.Devices.Disks {
		for s := disk.Source; s != nil; s = s.Backing {
			if s.FDGroup == "" {
				continue
			}
			if _, _, ok := known(s.FDGroup); !ok {
				return errNoGroup(s.FDGroup)
			}
		}
	}
	return nil
}
