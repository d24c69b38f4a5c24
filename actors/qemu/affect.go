package qemu

import (
	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/domain"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virerr"
	xml "virtree.dev/protocol/xml/domain"
)

// affect tells what a call means to read or change: the machine, the definition, or
// whichever the domain has now.
type affect uint32

// The values of virDomainModificationImpact.
const (
	affectLive   affect = 1 << 0
	affectConfig affect = 1 << 1
	affectMask   affect = affectLive | affectConfig
)

// resolve says what the flags come to for the domain as it is.
func (a affect) resolve(o *domain.Object) (live, config bool, err error) {
	a &= affectMask
	if a == 0 {
		a = affectConfig
		if o.Active() {
			a = affectLive
		}
	}
	live, config = a&affectLive != 0, a&affectConfig != 0
	switch {
	case live && !o.Active():
		return false, false, errNotRunning()
	case config && !o.Persistent:
		return false, false, virerr.New(virerr.FromDomain, virerr.OperationInvalid, "transient domains do not have any persistent config")
	}
	return live, config, nil
}

// one gives the document that a query with the flags reads; both at once make no sense.
func (a affect) one(o *domain.Object) (*xml.Domain, error) {
	if a&affectMask == affectMask {
		return nil, errExclusive(virerr.FromDomain, "virDomainObjGetOneDefState", "flags",
			"VIR_DOMAIN_AFFECT_LIVE", "VIR_DOMAIN_AFFECT_CONFIG")
	}
	live, _, err := a.resolve(o)
	if err != nil {
		return nil, err
	}
	if live {
		return o.Def, nil
	}
	return o.Config(), nil
}

// change is one that a call makes to documents. It gets copies of its own.
type change struct {
	// check looks at both documents before anything is changed; one that is not meant is nil.
	check func(live, config *xml.Domain) error
	// config changes the definition.
	config func(d *xml.Domain) error
	// live changes the machine, and its document with it; nil where QEMU cannot be changed.
	live func(h handle, d *xml.Domain) error
}

// edit makes a change to what the flags mean, with the domain's job held. The
// definition comes first, as nothing is lost when that fails; it is saved last.
func (d *Driver) edit(c *dispatch.Call, dom remote.NonnullDomain, flags uint32, ch change) error {
	return d.withJob(c, dom, domain.JobModify, func(h handle) error {
		live, config, err := affect(flags).resolve(h.object)
		if err != nil {
			return err
		}
		req := define{Silent: true} // libvirt tells of new definitions only
		if err := ch.precheck(h.object, live, config); err != nil {
			return err
		}
		if config {
			next := *h.object.Config()
			if err := ch.config(&next); err != nil {
				return err
			}
			req.Def = &next
		}
		if live {
			if ch.live == nil {
				return errUnsupportedOperation("cannot change a running domain")
			}
			next := *h.object.Def
			if err := ch.live(h, &next); err != nil {
				return err
			}
			req.Live = &next
		}
		_, err = call(c, h, req)
		return err
	})
}

func (ch change) precheck(o *domain.Object, live, config bool) error {
	if ch.check == nil {
		return nil
	}
	var l, p *xml.Domain
	if live {
		l = o.Def
	}
	if config {
		p = o.Config()
	}
	return ch.check(l, p)
}
