package qemu

import (
	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/domain"
	"virtree.dev/protocol/remote"
	xml "virtree.dev/protocol/xml/domain"
)

// findDomain gives what an access driver is told of the domain that a call names.
func (d *Driver) findDomain(named any) (map[string]string, error) {
	o, err := d.find(*named.(*remote.NonnullDomain))
	if err != nil {
		return nil, err
	}
	return objectDetails(o), nil
}

func objectDetails(o *domain.Object) map[string]string { return domainDetails(o.Name, o.UUID) }

func domainDetails(name string, uuid xml.UUID) map[string]string {
	return map[string]string{"domain_name": name, "domain_uuid": uuid.String()}
}

// visible leaves of a list what the client may know of.
func visible(c *dispatch.Call, list []*domain.Object) []*domain.Object {
	return dispatch.Permitted(c, list, objectDetails)
}

// ensure lets a client have a domain that it found by something else than its UUID.
func ensure(c *dispatch.Call, o *domain.Object) (remote.NonnullDomain, error) {
	if err := c.Ensure(objectDetails(o)); err != nil {
		return remote.NonnullDomain{}, err
	}
	return wire(o), nil
}
