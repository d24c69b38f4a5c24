package qemu

import (
	"slices"

	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/domain"
	"virtree.dev/protocol/remote"
)

// All of these are answered from the published registry: they wait for nobody
// but an access driver.
func (d *Driver) listHandlers(t *dispatch.Table) {
	dispatch.Handle(t, remote.ProcConnectListAllDomains, dispatch.Inline, d.listAll)
	dispatch.Handle(t, remote.ProcConnectNumOfDomains, dispatch.Inline, d.numActive)
	dispatch.Handle(t, remote.ProcConnectListDomains, dispatch.Inline, d.listActive)
	dispatch.Handle(t, remote.ProcConnectNumOfDefinedDomains, dispatch.Inline, d.numInactive)
	dispatch.Handle(t, remote.ProcConnectListDefinedDomains, dispatch.Inline, d.listInactive)
	dispatch.Handle(t, remote.ProcDomainLookupByID, dispatch.Inline, d.lookupByID)
	dispatch.Handle(t, remote.ProcDomainLookupByUUID, dispatch.Inline, d.lookupByUUID)
	dispatch.Handle(t, remote.ProcDomainLookupByName, dispatch.Inline, d.lookupByName)
	t.AsksItself(remote.ProcDomainLookupByID, remote.ProcDomainLookupByUUID, remote.ProcDomainLookupByName)
}

func (d *Driver) listAll(c *dispatch.Call, a *remote.ConnectListAllDomainsArgs) (*remote.ConnectListAllDomainsRet, error) {
	if err := checkFlags(c, a.Flags, domain.ListFlags); err != nil {
		return nil, err
	}
	list := visible(c, d.registry.Select(a.Flags))
	r := &remote.ConnectListAllDomainsRet{Ret: uint32(len(list))}
	if a.NeedResults == 0 {
		return r, nil
	}
	r.Domains = make([]remote.NonnullDomain, len(list))
	for i, o := range list {
		r.Domains[i] = wire(o)
	}
	return r, nil
}

func (d *Driver) numActive(c *dispatch.Call, _ *dispatch.Void) (*remote.ConnectNumOfDomainsRet, error) {
	n := len(visible(c, d.registry.Select(domain.ListActive)))
	return &remote.ConnectNumOfDomainsRet{Num: int32(n)}, nil
}

func (d *Driver) numInactive(c *dispatch.Call, _ *dispatch.Void) (*remote.ConnectNumOfDefinedDomainsRet, error) {
	n := len(visible(c, d.registry.Select(domain.ListInactive)))
	return &remote.ConnectNumOfDefinedDomainsRet{Num: int32(n)}, nil
}

// first bounds a list by what the client has room for.
func first(list []*domain.Object, n int32) []*domain.Object {
	return list[:min(len(list), max(int(n), 0))]
}

func (d *Driver) listActive(c *dispatch.Call, a *remote.ConnectListDomainsArgs) (*remote.ConnectListDomainsRet, error) {
	r := &remote.ConnectListDomainsRet{}
	for _, o := range first(visible(c, d.registry.Select(domain.ListActive)), a.Maxids) {
		r.Ids = append(r.Ids, int32(o.ID))
	}
	slices.Sort(r.Ids)
	return r, nil
}

func (d *Driver) listInactive(c *dispatch.Call, a *remote.ConnectListDefinedDomainsArgs) (*remote.ConnectListDefinedDomainsRet, error) {
	r := &remote.ConnectListDefinedDomainsRet{}
	for _, o := range first(visible(c, d.registry.Select(domain.ListInactive)), a.Maxnames) {
		r.Names = append(r.Names, o.Name)
	}
	return r, nil
}

func (d *Driver) lookupByID(c *dispatch.Call, a *remote.DomainLookupByIDArgs) (*remote.DomainLookupByIDRet, error) {
	o := d.registry.ByID(int(a.ID))
	if o == nil {
		return nil, errNoDomain("no domain with matching id %d", a.ID)
	}
	dom, err := ensure(c, o)
	return &remote.DomainLookupByIDRet{Dom: dom}, err
}

func (d *Driver) lookupByUUID(c *dispatch.Call, a *remote.DomainLookupByUUIDArgs) (*remote.DomainLookupByUUIDRet, error) {
	o := d.registry.ByUUID(domain.UUID(a.UUID))
	if o == nil {
		return nil, errNoDomain("no domain with matching uuid '%s'", domain.UUID(a.UUID))
	}
	dom, err := ensure(c, o)
	return &remote.DomainLookupByUUIDRet{Dom: dom}, err
}

func (d *Driver) lookupByName(c *dispatch.Call, a *remote.DomainLookupByNameArgs) (*remote.DomainLookupByNameRet, error) {
	o := d.registry.ByName(a.Name)
	if o == nil {
		return nil, errNoDomain("no domain with matching name '%s'", a.Name)
	}
	dom, err := ensure(c, o)
	return &remote.DomainLookupByNameRet{Dom: dom}, err
}
