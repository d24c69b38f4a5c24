package qemu

import (
	"fmt"
	"slices"
	"time"

	"virtree.dev/protocol/virtype"
	xml "virtree.dev/protocol/xml/domain"
	"virtree.dev/protocol/xml/domstatus"
)

// query learns from QEMU what only it knows.
func (s *starter) query() error {
	var f facts
	var err error
	if f.cpus, err = query[[]cpuFast](s.ctx, s.dom, "query-cpus-fast", nil); err != nil {
		return err
	}
	for _, c := range f.cpus {
		s.vcpuPaths = append(s.vcpuPaths, c.QOMPath)
	}
	if f.chardevs, err = query[[]chardev](s.ctx, s.dom, "query-chardev", nil); err != nil {
		return err
	}
	if f.devices, err = query[[]qomProperty](s.ctx, s.dom, "qom-list", devicesFolder); err != nil {
		return err
	}
	o, err := call(s.ctx, s.dom, update{Change: func(st *domstatus.Status) {
		f.fill(st)
		orderVCPUs(st.Domain)
		st.Domain.Devices.Disks = replace(st.Domain.Devices.Disks, isEmptyDrive, func(k *xml.Disk) {
			k.Source = &xml.DiskSource{Type: "file"}
		})
	}})
	if err == nil {
		s.def = o.Def
		s.status.VCPUs = o.Status.VCPUs
		s.drv.emitAgent(o, agentState(o.Def), virtype.ConnectDomainEventAgentLifecycleReasonDomainStarted)
	}
	return err
}

// orderVCPUs numbers the virtual processors in the order in which they were plugged in.
func orderVCPUs(d *xml.Domain) {
	d.VCPU.List = slices.Clone(d.VCPU.List)
	order := uint(0)
	for i := range d.VCPU.List {
		d.VCPU.List[i].Order = 0
		if d.VCPU.List[i].Online {
			order++
			d.VCPU.List[i].Order = order
		}
	}
}

// isEmptyDrive says whether a drive has no medium: nothing is known of what will be in it.
func isEmptyDrive(k *xml.Disk) bool {
	return (k.Device == "cdrom" || k.Device == "floppy") && k.Source.Empty()
}

// configure gives the machine what the command line cannot: passwords, affinity, links that are down.
func (s *starter) configure() error {
	for _, step := range []func() error{s.passwords, s.links, s.balloon, s.bind} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (s *starter) passwords() error {
	for _, g := range s.def.Devices.Graphics {
		password := g.Auth.Password
		if password == nil {
			password = s.drv.defaultPassword(g.Type)
		}
		if password == nil || g.Type != "vnc" && g.Type != "spice" {
			continue
		}
		args := map[string]any{"protocol": g.Type, "password": *password}
		if g.Auth.Connected != "" {
			args["connected"] = g.Auth.Connected
		}
		if _, err := s.dom.monitor(s.ctx, "set_password", args, nil); err != nil {
			return err
		}
		if g.Auth.ValidTo == "" {
			continue
		}
		at, err := time.Parse("2006-01-02T15:04:05", g.Auth.ValidTo)
		if err != nil {
			return errInvalidArg("cannot parse password validity time '%s', expect YYYY-MM-DDTHH:MM:SS", g.Auth.ValidTo)
		}
		expiry := map[string]any{"protocol": g.Type, "time": fmt.Sprint(at.Unix())}
		if _, err := s.dom.monitor(s.ctx, "expire_password", expiry, nil); err != nil {
			return err
		}
	}
	return nil
}

// defaultPassword is that of qemu.conf, for displays whose document names none.
func (d *Driver) defaultPassword(display string) *string {
	password := d.config.VNC.Password
	if display == "spice" {
		password = d.config.Spice.Password
	}
	if password == "" {
		return nil
	}
	return &password
}

func (s *starter) links() error {
	for _, n := range s.def.Devices.Interfaces {
		if n.Link != "down" {
			continue
		}
		if _, err := s.dom.monitor(s.ctx, "set_link", map[string]any{"name": n.Alias, "up": false}, nil); err != nil {
			return err
		}
	}
	return nil
}

// balloon sets the memory the guest is to have at first, and how often it reports.
func (s *starter) balloon() error {
	b := s.def.Devices.Memballoon
	if b == nil || b.Model == "none" {
		return s.hasMemory(s.def.Memory.Total)
	}
	if b.Period > 0 {
		args := map[string]any{"path": "/machine/peripheral/" + b.Alias, "property": "guest-stats-polling-interval", "value": b.Period}
		if _, err := s.dom.monitor(s.ctx, "qom-set", args, nil); err != nil {
			return err
		}
	}
	if s.def.Memory.Current != s.def.Memory.Total {
		_, err := s.dom.monitor(s.ctx, "balloon", map[string]any{"value": s.def.Memory.Current * 1024}, nil)
		if err != nil {
			return err
		}
	}
	// The guest has all of its memory until its driver gives some back.
	info, err := query[balloonInfo](s.ctx, s.dom, "query-balloon", nil)
	if err != nil {
		return err
	}
	return s.hasMemory(info.Actual / 1024)
}

// hasMemory notes what the guest really has, in KiB.
func (s *starter) hasMemory(size uint64) error {
	_, err := call(s.ctx, s.dom, update{Change: func(st *domstatus.Status) { st.Domain.Memory.Current = size }})
	return err
}
