package domain

import (
	"slices"
	"strings"
	"sync"
)

// Registry is the published table of a driver's domains. The process of a domain
// puts its object; anybody reads. The lock is held for a few map accesses only,
// never over I/O or a message.
type Registry struct {
	mu     sync.RWMutex
	byUUID map[UUID]*Object
	byName map[string]*Object
	byID   map[int]*Object
	order  []*Object // all, by name
}

// NewRegistry makes an empty registry.
func NewRegistry() *Registry {
	return &Registry{byUUID: map[UUID]*Object{}, byName: map[string]*Object{}, byID: map[int]*Object{}}
}

// Put publishes an object in place of the one with the same UUID.
func (r *Registry) Put(o *Object) {
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.byUUID[o.UUID]
	r.unlink(old)
	r.byUUID[o.UUID] = o
	r.byName[o.Name] = o
	if old != nil && old.Name != o.Name {
		r.drop(old)
	}
	if at, there := r.place(o.Name); there {
		r.order[at] = o
	} else {
		r.order = slices.Insert(r.order, at, o)
	}
	if o.Active() {
		r.byID[o.ID] = o
	}
}

// Delete takes an object away.
func (r *Registry) Delete(uuid UUID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if old := r.byUUID[uuid]; old != nil {
		r.unlink(old)
		delete(r.byUUID, uuid)
		r.drop(old)
	}
}

// place finds where a name stands in the order, or would.
func (r *Registry) place(name string) (at int, there bool) {
	return slices.BinarySearchFunc(r.order, name, func(o *Object, name string) int {
		return strings.Compare(o.Name, name)
	})
}

func (r *Registry) drop(o *Object) {
	if at, there := r.place(o.Name); there && r.order[at] == o {
		r.order = slices.Delete(r.order, at, at+1)
	}
}

func (r *Registry) unlink(old *Object) {
	if old == nil {
		return
	}
	if r.byName[old.Name] == old {
		delete(r.byName, old.Name)
	}
	if r.byID[old.ID] == old {
		delete(r.byID, old.ID)
	}
}

// ByUUID finds an object; nil when there is none.
func (r *Registry) ByUUID(uuid UUID) *Object {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.byUUID[uuid]
}

// ByName finds an object; nil when there is none.
func (r *Registry) ByName(name string) *Object {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.byName[name]
}

// ByID finds the object of a running machine; nil when there is none.
func (r *Registry) ByID(id int) *Object {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.byID[id]
}

// Len gives the number of objects.
func (r *Registry) Len() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.byUUID)
}

// Select gives the objects that match the flags of a list, by name.
func (r *Registry) Select(flags uint32) []*Object {
	r.mu.RLock()
	defer r.mu.RUnlock()
	list := make([]*Object, 0, len(r.order))
	for _, o := range r.order {
		if o.Match(flags) {
			list = append(list, o)
		}
	}
	return list
}
