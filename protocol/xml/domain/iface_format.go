package domain

import (
	"strconv"

	"virtree.dev/protocol/xml/xmlout"
)

func formatInterface(w *xmlout.Writer, i *Interface, o FormatOptions) {
	// a live document shows what the interface became
	public := i.Type == "network" && i.Actual != nil && !o.Inactive && !o.ActualNet && !o.Migratable
	kind, managed := i.Type, i.Managed
	if public {
		kind, managed = i.Actual.Type, i.Actual.Managed
	}
	w.Start("interface")
	w.Attr("type", kind)
	if managed && kind == "hostdev" {
		w.Attr("managed", "yes")
	}
	w.OptAttr("trustGuestRxFilters", i.TrustGuestRxFilter.YesNo())
	formatMACElement(w, i, o)
	if public {
		formatActual(w, i, false, o)
	} else {
		formatInterfaceSource(w, i, o)
		formatVLAN(w, i.VLAN)
		formatVirtualPort(w, i.VirtualPort)
		formatBandwidthLimits(w, i.Bandwidth)
		w.AttrElem("port", "isolated", i.Isolated.YesNo())
		formatActualElement(w, i, o)
	}
	formatIPInfo(w, &i.GuestIP)
	formatPortForwards(w, i.PortForwards)
	w.AttrElem("script", "path", i.Script)
	w.AttrElem("downscript", "path", i.DownScript)
	w.AttrElem("backenddomain", "name", i.BackendDomain)
	formatInterfaceTarget(w, i, o)
	formatInterfaceModel(w, i)
	formatInterfaceRest(w, i, o)
	w.End()
}

func formatActualElement(w *xmlout.Writer, i *Interface, o FormatOptions) {
	if i.Type != "network" || i.Actual == nil || !o.ActualNet {
		return
	}
	w.Start("actual")
	w.Attr("type", i.Actual.Type)
	if i.Actual.Type == "hostdev" && i.Actual.Managed {
		w.Attr("managed", "yes")
	}
	w.OptAttr("trustGuestRxFilters", i.TrustGuestRxFilter.YesNo())
	formatActual(w, i, true, o)
	w.EndFull()
}

func formatMACElement(w *xmlout.Writer, i *Interface, o FormatOptions) {
	w.Start("mac")
	w.Attr("address", i.MAC)
	w.OptAttr("type", i.MACType)
	w.OptAttr("check", i.MACCheck.YesNo())
	if !o.Inactive {
		w.OptAttr("currentAddress", i.MACCurrent)
	}
	w.End()
}

func formatInterfaceSource(w *xmlout.Writer, i *Interface, o FormatOptions) {
	s := &i.Source
	if i.Type == "hostdev" {
		formatHostdevSource(w, i.Hostdev, true, o)
	}
	w.Start("source")
	switch i.Type {
	case "network":
		w.OptAttr("network", s.Network)
		w.OptAttr("portgroup", s.PortGroup)
		if !o.Inactive {
			w.OptAttr("portid", s.PortID)
		}
	case "bridge":
		w.OptAttr("bridge", s.Bridge)
	case "internal":
		w.OptAttr("name", s.Name)
	case "direct":
		w.OptAttr("dev", s.Dev)
		w.Attr("mode", s.Mode)
	case "vdpa":
		w.OptAttr("dev", s.Dev)
	case "server", "client", "mcast", "udp":
		w.OptAttr("address", s.Address)
		w.UintAttr("port", uint64(s.Port))
	case "vds":
		w.Attr("switchid", s.SwitchID)
		w.IntAttr("portid", s.VDSPortID)
		w.OptAttr("portgroupid", s.PortGroupID)
		w.IntAttr("connectionid", s.ConnectionID)
	case "vhostuser":
		if i.Backend.Type != "passt" {
			w.Attr("type", "unix")
			w.OptAttr("path", s.VhostUser.Path)
			w.Attr("mode", vhostUserMode(s.VhostUser.Listen))
		}
	}
	if i.Backend.Type == "passt" {
		w.OptAttr("dev", s.Dev)
	}
	formatInterfaceSourceContent(w, i)
	w.EndOrDrop()
}

func vhostUserMode(listen bool) string {
	if listen {
		return "server"
	}
	return "client"
}

func formatInterfaceSourceContent(w *xmlout.Writer, i *Interface) {
	switch {
	case i.Type == "udp":
		w.Start("local")
		w.Attr("address", i.Source.LocalAddress)
		w.UintAttr("port", uint64(i.Source.LocalPort))
		w.End()
	case i.Type == "vhostuser" && i.Backend.Type != "passt":
		formatReconnect(w, i.Source.VhostUser.Reconnect)
	}
	formatIPInfo(w, &i.HostIP)
}

func formatPortForwards(w *xmlout.Writer, forwards []PortForward) {
	for _, f := range forwards {
		w.Start("portForward")
		w.Attr("proto", f.Proto)
		w.OptAttr("address", f.Address)
		w.OptAttr("dev", f.Dev)
		for _, r := range f.Ranges {
			w.Start("range")
			if r.Start != 0 {
				w.UintAttr("start", uint64(r.Start))
				w.OptUintAttr("end", uint64(r.End))
				w.OptUintAttr("to", uint64(r.To))
			}
			w.OptAttr("exclude", r.Exclude.YesNo())
			w.EndOrDrop()
		}
		w.End()
	}
}

func formatInterfaceTarget(w *xmlout.Writer, i *Interface, o FormatOptions) {
	w.Start("target")
	if i.TargetManaged == No || !o.Inactive || !generatedTap(i.Target) {
		w.OptAttr("dev", i.Target)
	}
	w.OptAttr("managed", i.TargetManaged.YesNo())
	w.EndOrDrop()
	w.Start("guest")
	w.OptAttr("dev", i.GuestDev)
	w.OptAttr("actual", i.GuestActual)
	w.EndOrDrop()
}

func formatInterfaceModel(w *xmlout.Writer, i *Interface) {
	w.AttrElem("model", "type", i.Model)
	if !i.IsVirtio() {
		return
	}
	d := &i.Driver
	w.Start("driver")
	w.OptAttr("name", d.Name)
	w.OptAttr("txmode", d.TxMode)
	w.OptAttr("ioeventfd", d.IOEventFD.OnOff())
	w.OptAttr("event_idx", d.EventIdx.OnOff())
	w.OptUintAttr("queues", uint64(d.Queues))
	w.OptUintAttr("rx_queue_size", uint64(d.RxQueueSize))
	w.OptUintAttr("tx_queue_size", uint64(d.TxQueueSize))
	w.OptAttr("rss", d.RSS.OnOff())
	w.OptAttr("rss_hash_report", d.RSSHashReport.OnOff())
	formatVirtio(w, &d.Virtio)
	formatOffloads(w, "host", hostOffloads, d.Host)
	formatOffloads(w, "guest", guestOffloads, d.Guest)
	w.EndOrDrop()
}

func formatOffloads(w *xmlout.Writer, element string, names []string, values map[string]Tristate) {
	w.Start(element)
	for _, name := range names {
		w.OptAttr(name, values[name].OnOff())
	}
	w.EndOrDrop()
}

func formatInterfaceRest(w *xmlout.Writer, i *Interface, o FormatOptions) {
	w.Start("backend")
	w.OptAttr("type", i.Backend.Type)
	w.OptAttr("tap", i.Backend.Tap)
	w.OptAttr("vhost", i.Backend.Vhost)
	w.OptAttr("logFile", i.Backend.LogFile)
	w.EndOrDrop()
	if i.Filter != "" {
		w.Start("filterref")
		w.Attr("filter", i.Filter)
		for _, f := range i.FilterParams {
			w.Start("parameter")
			w.Attr("name", f.Name)
			w.Attr("value", f.Value)
			w.End()
		}
		w.End()
	}
	if i.SndBuf != nil {
		w.Start("tune")
		w.UintElem("sndbuf", *i.SndBuf)
		w.End()
	}
	formatTeaming(w, i.Teaming)
	w.AttrElem("link", "state", i.Link)
	if i.MTU != 0 {
		w.AttrElem("mtu", "size", strconv.FormatUint(uint64(i.MTU), 10))
	}
	if i.RxFrames != 0 {
		w.Start("coalesce")
		w.Start("rx")
		w.AttrElem("frames", "max", strconv.FormatUint(uint64(i.RxFrames), 10))
		w.End()
		w.End()
	}
	formatInfo(w, &i.DeviceInfo, withBoot|withROM)
	formatPrivate(w, i.Private, o)
}

func formatTeaming(w *xmlout.Writer, t *Teaming) {
	if t == nil {
		return
	}
	w.Start("teaming")
	w.Attr("type", t.Type)
	w.OptAttr("persistent", t.Persistent)
	w.End()
}
