package domain

func (c *check) netInterface(i *Interface) {
	if i.Type != "ethernet" {
		if len(i.HostIP.Addresses)+len(i.HostIP.Routes) > 0 {
			c.Unsupported("Invalid attempt to set network interface host-side IP route and/or address info on interface of type '%s'. This is only supported on interfaces of type 'ethernet'", i.Type)
		}
		if i.TargetManaged == No {
			c.Unsupported("unmanaged target dev is not supported on interfaces of type '%s'", i.Type)
		}
	}
	if t := i.Teaming; t != nil {
		switch {
		case t.Type == "transient" && t.Persistent == "":
			c.Unsupported("teaming persistent attribute must be set if teaming type is 'transient'")
		case t.Type != "transient" && t.Persistent != "":
			c.Unsupported("teaming persistent attribute not allowed if teaming type is '%s'", t.Type)
		}
	}
	c.isolatedPort(i.MAC, i.Type, i.VirtualPort, i.Isolated)
	if !i.IsVirtio() {
		c.noVirtio(&i.Driver.Virtio)
	}
	users := i.Type == "user" || i.Type == "vhostuser"
	passt := i.Backend.Type == "passt"
	c.unsupported(
		fault{passt && !users, "The 'passt' backend can only be used with interface type='user' or type='vhostuser'"},
		fault{
			users && i.Source.Dev != "" && !passt,
			"The 'dev' attribute of the <source> element can only be used with <interface> type='user' or type='vhostuser' if the <backend> type='passt'",
		},
		fault{
			len(i.PortForwards) > 0 && (!users || !passt),
			"The <portForward> element can only be used with the 'passt' backend of interface type='user' or type='vhostuser'",
		},
	)
	for _, f := range i.PortForwards {
		for _, r := range f.Ranges {
			c.unsupported(fault{
				r.Start == 0 && (r.End != 0 || r.To != 0 || r.Exclude.Given()),
				"The 'range' of a 'portForward' requires 'start' attribute if 'end', 'to', or 'exclude' is specified",
			})
		}
	}
}

func (c *check) isolatedPort(mac, kind string, port *VirtualPort, isolated Tristate) {
	if isolated != Yes {
		return
	}
	switch {
	case kind != "network" && kind != "bridge":
		c.Unsupported("interface %s - <port isolated='yes'/> is not supported for network interfaces with type='%s'", mac, kind)
	case port != nil && port.Type != "":
		c.Unsupported("interface %s - <port isolated='yes'/> is not supported for network interfaces with virtualport type='%s'", mac, port.Type)
	}
}

// ValidateActual refuses what an interface became once its network gave it a port. i.Actual may be nil.
func (i *Interface) ValidateActual() error {
	c := &check{}
	kind, mode, vlan, port, bandwidth, isolated := i.Type, i.Source.Mode, i.VLAN, i.VirtualPort, i.Bandwidth, i.Isolated
	if a := i.Actual; a != nil {
		kind, mode, vlan, port, bandwidth, isolated = a.Type, a.Mode, a.VLAN, a.VirtualPort, a.Bandwidth, a.Isolated
	}
	if vlan != nil {
		bridged := kind == "bridge" && (port == nil || port.Type == "openvswitch")
		if kind != "hostdev" && (kind != "direct" || mode != "passthrough") && !bridged {
			c.Unsupported("interface %s - vlan tag not supported for this connection type", i.MAC)
		}
	}
	if bandwidth != nil && kind == "hostdev" {
		c.Unsupported("interface %s - bandwidth settings are not supported for hostdev interfaces", i.MAC)
	}
	c.isolatedPort(i.MAC, kind, port, isolated)
	return c.Err()
}
