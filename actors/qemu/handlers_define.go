package qemu

import (
	"context"
	"os"
	"strings"

	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/domain"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/virtype"
	xml "virtree.dev/protocol/xml/domain"
)

func (d *Driver) defineHandlers(t *dispatch.Table) {
	dispatch.Handle(t, remote.ProcDomainDefineXML, dispatch.Worker, d.defineXML)
	dispatch.Handle(t, remote.ProcDomainDefineXMLFlags, dispatch.Worker, d.defineXMLFlags)
	t.AsksItself(remote.ProcDomainDefineXML, remote.ProcDomainDefineXMLFlags)
	dispatch.Handle(t, remote.ProcDomainUndefine, dispatch.Worker, d.undefine)
	dispatch.Handle(t, remote.ProcDomainUndefineFlags, dispatch.Worker, d.undefineFlags)
	dispatch.Handle(t, remote.ProcDomainRename, dispatch.Worker, d.rename)
}

func (d *Driver) defineXML(c *dispatch.Call, a *remote.DomainDefineXMLArgs) (*remote.DomainDefineXMLRet, error) {
	dom, err := d.defineDomain(c, a.XML, 0)
	return &remote.DomainDefineXMLRet{Dom: dom}, err
}

func (d *Driver) defineXMLFlags(c *dispatch.Call, a *remote.DomainDefineXMLFlagsArgs) (*remote.DomainDefineXMLFlagsRet, error) {
	dom, err := d.defineDomain(c, a.XML, a.Flags)
	return &remote.DomainDefineXMLFlagsRet{Dom: dom}, err
}

func (d *Driver) defineDomain(c *dispatch.Call, text string, flags uint32) (dom remote.NonnullDomain, err error) {
	if err := checkFlags(c, flags, virtype.DomainDefineValidate); err != nil {
		return dom, err
	}
	def, err := d.parseDocument(c, text, flags&virtype.DomainDefineValidate != 0)
	switch {
	case err != nil:
		return dom, err
	case strings.Contains(def.Name, "\n"):
		return dom, virerr.New(virerr.FromXML, virerr.XMLDetail, "invalid char in name: \n")
	}
	if err := c.Ensure(domainDetails(def.Name, def.UUID)); err != nil {
		return dom, err
	}
	ctx := context.WithoutCancel(c)
	err = c.Wait(func() error {
		h, err := d.claim(ctx, def, claimToDefine)
		if err != nil {
			return err
		}
		o, err := call(ctx, h, define{Def: def})
		if err != nil {
			_, _ = call(ctx, h, discard{})
			return err
		}
		dom = wire(o)
		return nil
	})
	return dom, err
}

const undefineFlags = virtype.DomainUndefineManagedSave | virtype.DomainUndefineSnapshotsMetadata |
	virtype.DomainUndefineCheckpointsMetadata | virtype.DomainUndefineNvram | virtype.DomainUndefineKeepNvram |
	virtype.DomainUndefineTPM | virtype.DomainUndefineKeepTPM

func (d *Driver) undefine(c *dispatch.Call, a *remote.DomainUndefineArgs) (*dispatch.Void, error) {
	return nil, d.undefineDomain(c, a.Dom, 0)
}

func (d *Driver) undefineFlags(c *dispatch.Call, a *remote.DomainUndefineFlagsArgs) (*dispatch.Void, error) {
	if err := checkFlags(c, a.Flags, undefineFlags); err != nil {
		return nil, err
	}
	both := func(a1, a2 uint32) bool { return a.Flags&a1 != 0 && a.Flags&a2 != 0 }
	switch {
	case both(virtype.DomainUndefineNvram, virtype.DomainUndefineKeepNvram):
		return nil, errInvalid("cannot both keep and delete nvram")
	case both(virtype.DomainUndefineTPM, virtype.DomainUndefineKeepTPM):
		return nil, errInvalid("cannot both keep and delete TPM")
	}
	return nil, d.undefineDomain(c, a.Dom, a.Flags)
}

func (d *Driver) undefineDomain(c *dispatch.Call, dom remote.NonnullDomain, flags uint32) error {
	return d.withJob(c, dom, domain.JobModify, func(h handle) error {
		if !h.object.Persistent {
			return errInvalid("cannot undefine transient domain")
		}
		if err := d.removeManagedSave(h.object, flags); err != nil {
			return err
		}
		if err := removeNVRAM(h.object.Config(), flags); err != nil {
			return err
		}
		_, err := call(context.WithoutCancel(c), h, undefine{Flags: flags})
		return err
	})
}

func (d *Driver) removeManagedSave(o *domain.Object, flags uint32) error {
	path := d.files.managedSave(o.Name)
	switch {
	case !exists(path):
		return nil
	case flags&virtype.DomainUndefineManagedSave == 0:
		return errInvalid("Refusing to undefine while domain managed save image exists")
	case os.Remove(path) != nil:
		return errInternal("Failed to remove domain managed save image")
	}
	return nil
}

func removeNVRAM(def *xml.Domain, flags uint32) error {
	path := nvramPath(def)
	switch {
	case path == "" || !exists(path):
		return nil
	case flags&virtype.DomainUndefineNvram != 0:
		if err := os.Remove(path); err != nil {
			return errSystem(err, "failed to remove nvram: %s", path)
		}
	case flags&virtype.DomainUndefineKeepNvram == 0:
		return errInvalid("cannot undefine domain with nvram")
	}
	return nil
}

func (d *Driver) rename(c *dispatch.Call, a *remote.DomainRenameArgs) (*remote.DomainRenameRet, error) {
	if err := checkFlags(c, a.Flags, 0); err != nil {
		return nil, err
	}
	name := text(a.NewName)
	if name == "" {
		return nil, virerr.Argument(virerr.FromQEMU, functionName(c.Proc.API), "new_name", "name must not be an empty string")
	}
	err := d.withJob(c, a.Dom, domain.JobModify, func(h handle) error {
		if err := renamable(h.object); err != nil {
			return err
		}
		switch {
		case h.object.Name == name:
			return errList(virerr.OperationInvalid, "Can't rename domain to itself")
		case d.registry.ByName(name) == nil && strings.Contains(name, "/"):
			return virerr.New(virerr.FromQEMU, virerr.XMLError, "name %s cannot contain '/'", name)
		}
		ctx := context.WithoutCancel(c)
		if err := d.reserve(ctx, h.object.UUID, name); err != nil {
			return err
		}
		_, err := call(ctx, h, rename{Name: name})
		if err != nil { // the old name is its own again
			_ = d.reserve(ctx, h.object.UUID, h.object.Name)
		}
		return err
	})
	return &remote.DomainRenameRet{}, err
}

// renamable refuses domains that have more than a definition.
func renamable(o *domain.Object) error {
	switch {
	case o.Active():
		return errInvalid("cannot rename active domain")
	case !o.Persistent:
		return errInvalid("cannot rename a transient domain")
	case o.ManagedSave:
		return errInvalid("domain with a managed saved state can't be renamed")
	case o.State != domain.Shutoff:
		return errInvalid("domain has to be shutoff before renaming")
	}
	return nil
}
