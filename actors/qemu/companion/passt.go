package companion

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"

	"virtree.dev/protocol/xml/domain"
)

// passts adds one for each network card whose packets passt moves.
func (m *maker) passts() {
	for _, n := range m.doc.Devices.Interfaces {
		if n.Backend.Type != "passt" || n.Type != "user" && n.Type != "vhostuser" {
			continue
		}
		base := filepath.Join(m.host.Passt, m.host.ShortName+"-"+n.Alias)
		h := Process{
			Title: "passt", Name: "passt", Program: m.program("passt"), Forks: true, AsMachine: true, Device: n.Alias,
			PIDFile: base + "-passt.pid", Socket: base + ".socket",
		}
		h.Args = []string{"--one-off", "--socket", h.Socket, "--pid", h.PIDFile}
		if n.Type == "vhostuser" {
			h.Args = append(h.Args, "--vhost-user")
			h.Files = append(h.Files, h.Socket+".repair")
		}
		h.Args = append(h.Args, passtArgs(n)...)
		m.add(h)
	}
}

func passtArgs(n *domain.Interface) []string {
	args := []string{}
	if n.MTU > 0 {
		args = append(args, "--mtu", strconv.FormatUint(uint64(n.MTU), 10))
	}
	if n.Source.Dev != "" {
		args = append(args, "--interface", n.Source.Dev)
	}
	if n.Backend.LogFile != "" {
		args = append(args, "--log-file", n.Backend.LogFile)
	}
	for _, ip := range n.GuestIP.Addresses {
		args = append(args, "--address", ip.Address)
		if a, err := netip.ParseAddr(ip.Address); err == nil && a.Is4() && ip.Prefix > 0 {
			args = append(args, "--netmask", strconv.FormatUint(uint64(ip.Prefix), 10))
		}
	}
	for i := range n.PortForwards {
		f := &n.PortForwards[i]
		args = append(args, "--"+f.Proto+"-ports", forwardText(f))
	}
	return args
}

// forwardText writes a forward of ports as passt reads it: ADDRESS%DEVICE/RANGES.
func forwardText(f *domain.PortForward) string {
	var text strings.Builder
	if f.Address != "" {
		text.WriteString(f.Address)
		if f.Dev != "" {
			text.WriteString("%" + f.Dev)
		}
		text.WriteByte('/')
	} else if f.Dev != "" {
		text.WriteString("%" + f.Dev + "/")
	}
	if len(f.Ranges) == 0 {
		text.WriteString("all")
	}
	for i := range f.Ranges {
		if i > 0 {
			text.WriteByte(',')
		}
		text.WriteString(rangeText(&f.Ranges[i]))
	}
	return text.String()
}

func rangeText(r *domain.PortRange) string {
	text := ""
	if r.Exclude == domain.Yes {
		text = "~"
	}
	text += strconv.Itoa(int(r.Start))
	if r.End > 0 {
		text += fmt.Sprintf("-%d", r.End)
	}
	if r.To > 0 {
		text += fmt.Sprintf(":%d", r.To)
		if r.End > 0 {
			text += fmt.Sprintf("-%d", r.End+r.To-r.Start)
		}
	}
	return text
}
