package domain

import "testing"

func TestRegistryIndexes(t *testing.T) {
	r := NewRegistry()
	a := UUID{1}
	r.Put(&Object{UUID: a, Name: "web", ID: -1})
	r.Put(&Object{UUID: a, Name: "web", ID: 4, State: Running})
	r.Put(&Object{UUID: UUID{2}, Name: "db", ID: -1})
	if o := r.ByID(4); o == nil || o.Name != "web" {
		t.Errorf("by id: %+v", o)
	}
	r.Put(&Object{UUID: a, Name: "www", ID: -1}) // stopped and renamed
	if r.ByID(4) != nil || r.ByName("web") != nil {
		t.Error("the old id or the old name is still known")
	}
	list := r.Select(0)
	if len(list) != 2 || list[0].Name != "db" || list[1].Name != "www" {
		t.Errorf("list: %+v", list)
	}
	r.Delete(a)
	if r.ByName("www") != nil || r.ByUUID(a) != nil || r.Len() != 1 {
		t.Error("a deleted object is still known")
	}
}

func TestRegistryKeepsNewOwnerOfAName(t *testing.T) {
	r := NewRegistry()
	r.Put(&Object{UUID: UUID{1}, Name: "a", ID: -1})
	r.Put(&Object{UUID: UUID{1}, Name: "b", ID: -1})
	r.Put(&Object{UUID: UUID{2}, Name: "a", ID: -1})
	r.Put(&Object{UUID: UUID{1}, Name: "c", ID: -1})
	if o := r.ByName("a"); o == nil || o.UUID != (UUID{2}) {
		t.Errorf("a belongs to %+v", o)
	}
}
