package qemu

import (
	"os"
	"syscall"

	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/domain"
	"virtree.dev/protocol/qmp"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/virtype"
	xml "virtree.dev/protocol/xml/domain"
)

// What takes or gives open files, but for consoles.
func (d *Driver) graphicsHandlers(t *dispatch.Table) {
	dispatch.Handle(t, remote.ProcDomainOpenGraphics, dispatch.Worker, d.openGraphics)
	dispatch.Handle(t, remote.ProcDomainOpenGraphicsFD, dispatch.Worker, d.openGraphicsFD)
	dispatch.Handle(t, remote.ProcDomainGraphicsReload, dispatch.Worker, d.reloadGraphics)
	dispatch.Handle(t, remote.ProcDomainFDAssociate, dispatch.Worker, d.associateFiles)
}

// graphicsProtocols are QEMU's words for the displays that take a client as an open socket.
var graphicsProtocols = map[string]string{"vnc": "vnc", "spice": "spice", "dbus": "@dbus-display"}

func graphicsProtocol(def *xml.Domain, index uint32) (string, error) {
	if int(index) >= len(def.Devices.Graphics) {
		return "", errInternal("No graphics backend with index %d", index)
	}
	kind := def.Devices.Graphics[index].Type
	if graphicsProtocols[kind] == "" {
		return "", errUnsupportedConfig("Can only open VNC, SPICE or D-Bus p2p graphics backends, not %s", kind)
	}
	return graphicsProtocols[kind], nil
}

// graphicsFD names the socket on its way to QEMU.
const graphicsFD = "graphicsfd"

// addClient gives QEMU a socket with a display's client at its other end.
func addClient(c *dispatch.Call, h handle, protocol string, socket *os.File, flags uint32) error {
	name := map[string]any{"fdname": graphicsFD}
	_, err := call(c, h, execute{Command: qmp.Command{Name: "getfd", Arguments: name}, Files: []*os.File{socket}})
	if err != nil {
		return monitorError(err)
	}
	_, err = h.monitor(c, "add_client", map[string]any{
		"protocol": protocol, "fdname": graphicsFD, "skipauth": flags&virtype.DomainOpenGraphicsSkipauth != 0,
	}, nil)
	if err != nil {
		// QEMU has taken the socket or still holds it; the first error is the one to tell.
		_, _ = h.monitor(c, "closefd", name, nil)
	}
	return err
}

func (d *Driver) openGraphics(c *dispatch.Call, a *remote.DomainOpenGraphicsArgs) (*dispatch.Void, error) {
	if len(c.FDs) == 0 {
		return nil, virerr.New(virerr.FromRPC, virerr.InternalError, "No FD available at slot %d", 0)
	}
	if err := checkFlags(c, a.Flags, virtype.DomainOpenGraphicsSkipauth); err != nil {
		return nil, err
	}
	return nil, d.active(c, a.Dom, domain.JobModify, func(h handle) error {
		protocol, err := graphicsProtocol(h.object.Def, a.Idx)
		if err != nil {
			return err
		}
		return addClient(c, h, protocol, c.FDs[0], a.Flags)
	})
}

func (d *Driver) openGraphicsFD(c *dispatch.Call, a *remote.DomainOpenGraphicsFDArgs) (*dispatch.Void, error) {
	if err := checkFlags(c, a.Flags, virtype.DomainOpenGraphicsSkipauth); err != nil {
		return nil, err
	}
	return nil, d.active(c, a.Dom, domain.JobModify, func(h handle) error {
		protocol, err := graphicsProtocol(h.object.Def, a.Idx)
		if err != nil {
			return err
		}
		pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
		if err != nil {
			return errSystem(err, "cannot create socket pair")
		}
		ours, theirs := os.NewFile(uintptr(pair[0]), graphicsFD), os.NewFile(uintptr(pair[1]), graphicsFD)
		defer theirs.Close()
		if err := addClient(c, h, protocol, theirs, a.Flags); err != nil {
			ours.Close()
			return err
		}
		c.ReplyFDs(ours)
		return nil
	})
}

// reloadGraphics lets the displays read their certificates again.
func (d *Driver) reloadGraphics(c *dispatch.Call, a *remote.DomainGraphicsReloadArgs) (*dispatch.Void, error) {
	if err := checkFlags(c, a.Flags, 0); err != nil {
		return nil, err
	}
	if a.Type > virtype.DomainGraphicsReloadTypeVNC {
		return nil, errInvalidArg("unknown graphics reload type '%d'", a.Type)
	}
	return nil, d.active(c, a.Dom, domain.JobModify, func(h handle) error {
		for _, g := range h.object.Def.Devices.Graphics {
			if g.Type != "vnc" {
				continue
			}
			if !h.hasCap("display-reload") {
				return errUnsupportedOperation("QEMU does not support reloading of graphics devices")
			}
			_, err := h.monitor(c, "display-reload", map[string]any{"type": "vnc", "tls-certs": true}, nil)
			return err
		}
		return errInvalid("no supported graphics device to reload")
	})
}

func (d *Driver) associateFiles(c *dispatch.Call, a *remote.DomainFDAssociateArgs) (*dispatch.Void, error) {
	if err := checkFlags(c, a.Flags, virtype.DomainFDAssociateSeclabelRestore|virtype.DomainFDAssociateSeclabelWritable); err != nil {
		return nil, err
	}
	if len(c.FDs) == 0 {
		return nil, virerr.Argument(virerr.FromDomain, c.Proc.API, "nfds", "nfds in %s must not be zero", c.Proc.API)
	}
	o, err := d.find(a.Dom)
	if err != nil {
		return nil, err
	}
	d.groups.put(o.UUID, a.Name, &fdGroup{
		files: c.TakeFDs(), client: c.Session.ID,
		writable: a.Flags&virtype.DomainFDAssociateSeclabelWritable != 0,
	})
	c.Session.OnEnd(func() { d.groups.drop(o.UUID, c.Session.ID) })
	return nil, nil
}
