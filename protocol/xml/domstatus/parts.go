package domstatus

import (
	"strconv"

	"virtree.dev/protocol/xml/cpu"
	"virtree.dev/protocol/xml/domain"
	"virtree.dev/protocol/xml/xmlout"
	"virtree.dev/protocol/xml/xmltree"
)

// part is how one element of <domstatus> is read and written.
type part struct {
	name   string
	parse  func(r *xmltree.Reader, n *xmltree.Node, s *Status)
	format func(w *xmlout.Writer, s *Status)
}

// flag is an element whose being there says yes.
func flag(name string, field func(*Status) *bool) part {
	return part{
		name,
		func(_ *xmltree.Reader, _ *xmltree.Node, s *Status) { *field(s) = true },
		func(w *xmlout.Writer, s *Status) {
			if *field(s) {
				w.Empty(name)
			}
		},
	}
}

// path is an element with a path attribute.
func path(name string, field func(*Status) *string) part {
	return part{
		name,
		func(_ *xmltree.Reader, n *xmltree.Node, s *Status) { *field(s) = n.Get("path") },
		func(w *xmlout.Writer, s *Status) { w.AttrElem(name, "path", *field(s)) },
	}
}

// raw is an element that is kept as written.
func raw(name string, field func(*Status) **xmltree.Node) part {
	return part{
		name,
		func(_ *xmltree.Reader, n *xmltree.Node, s *Status) { *field(s) = n.Detach() },
		func(w *xmlout.Writer, s *Status) {
			if *field(s) != nil {
				w.Tree(*field(s))
			}
		},
	}
}

// names is a list of elements that carry a name.
func names(name, child, attr string, field func(*Status) *[]string) part {
	return part{
		name,
		func(_ *xmltree.Reader, n *xmltree.Node, s *Status) {
			for c := range n.Children(child) {
				*field(s) = append(*field(s), c.Get(attr))
			}
		},
		func(w *xmlout.Writer, s *Status) {
			if len(*field(s)) == 0 {
				return
			}
			w.Start(name)
			for _, v := range *field(s) {
				w.Start(child)
				w.Attr(attr, v)
				w.End()
			}
			w.End()
		},
	}
}

// size is an element with a number that is left out when zero.
func size(name, complaint string, field func(*Status) *uint64) part {
	return part{
		name,
		func(r *xmltree.Reader, n *xmltree.Node, s *Status) {
			v, ok := xmltree.ParseUint(n.Content(), 10, 64)
			if !ok {
				r.Internal("%s", complaint)
			}
			*field(s) = v
		},
		func(w *xmlout.Writer, s *Status) { w.OptUintElem(name, *field(s)) },
	}
}

// parts are the elements in the order they are written.
var parts = []part{
	{"monitor", parseMonitor, formatMonitor},
	flag("dbusDaemon", func(s *Status) *bool { return &s.DBusDaemon }),
	flag("dbusVMState", func(s *Status) *bool { return &s.DBusVMState }),
	{"namespaces", parseNamespaces, formatNamespaces},
	{"vcpus", parseVCPUs, formatVCPUs},
	names("qemuCaps", "flag", "name", func(s *Status) *[]string { return &s.QEMUCaps }),
	{
		"lockstate",
		func(_ *xmltree.Reader, n *xmltree.Node, s *Status) { s.LockState = n.Content() },
		func(w *xmlout.Writer, s *Status) { w.Elem("lockstate", s.LockState) },
	},
	{"job", parseJob, formatJob},
	flag("fakereboot", func(s *Status) *bool { return &s.FakeReboot }),
	names("devices", "device", "alias", func(s *Status) *[]string { return &s.Devices }),
	{"numad", parseNumad, formatNumad},
	path("libDir", func(s *Status) *string { return &s.LibDir }),
	path("channelTargetDir", func(s *Status) *string { return &s.ChannelTargetDir }),
	path("memoryBackingDir", func(s *Status) *string { return &s.MemoryBackingDir }),
	{
		"cpu",
		func(r *xmltree.Reader, n *xmltree.Node, s *Status) { s.CPU = cpu.Parse(r, n, cpu.Guest) },
		func(w *xmlout.Writer, s *Status) { s.CPU.Format(w, nil) },
	},
	flag("chardevStdioLogd", func(s *Status) *bool { return &s.ChardevStdioLogd }),
	flag("rememberOwner", func(s *Status) *bool { return &s.RememberOwner }),
	{
		"allowReboot",
		func(r *xmltree.Reader, n *xmltree.Node, s *Status) { s.AllowReboot = r.YesNo(n, "value") },
		func(w *xmlout.Writer, s *Status) { w.AttrElem("allowReboot", "value", s.AllowReboot.YesNo()) },
	},
	flag("prDaemon", func(s *Status) *bool { return &s.PRDaemon }),
	{"nodename", parseNodename, formatNodename},
	{"fdset", parseFDSet, formatFDSet},
	flag("memPrealloc", func(s *Status) *bool { return &s.MemPrealloc }),
	raw("blockjobs", func(s *Status) **xmltree.Node { return &s.BlockJobs }),
	raw("slirp", func(s *Status) **xmltree.Node { return &s.Slirp }),
	{"agentTimeout", parseAgentTimeout, formatAgentTimeout},
	raw("backups", func(s *Status) **xmltree.Node { return &s.Backups }),
	size("originalMemlock", "failed to parse original memlock size",
		func(s *Status) *uint64 { return &s.OriginalMemlock }),
	size("preMigrationMemlock", "failed to parse pre-migration memlock limit",
		func(s *Status) *uint64 { return &s.PreMigrationLock }),
}

func parseMonitor(r *xmltree.Reader, n *xmltree.Node, s *Status) {
	s.Monitor = &Monitor{Path: n.Get("path"), Type: n.Get("type")}
	switch {
	case s.Monitor.Path == "":
		r.Internal("no monitor path")
	case s.Monitor.Type == "":
		s.Monitor.Type = "pty"
	case s.Monitor.Type != "unix" && s.Monitor.Type != "pty":
		r.Internal("unsupported monitor type '%s'", s.Monitor.Type)
	}
}

func formatMonitor(w *xmlout.Writer, s *Status) {
	if s.Monitor == nil {
		return
	}
	w.Start("monitor")
	w.Attr("path", s.Monitor.Path)
	w.Attr("type", s.Monitor.Type)
	w.End()
}

func parseNamespaces(_ *xmltree.Reader, n *xmltree.Node, s *Status) {
	for c := range n.Elements() {
		s.Namespaces = append(s.Namespaces, c.Name)
	}
}

func formatNamespaces(w *xmlout.Writer, s *Status) {
	if s.Namespaces == nil {
		return
	}
	w.Start("namespaces")
	for _, ns := range s.Namespaces {
		w.Empty(ns)
	}
	w.EndFull()
}

func parseVCPUs(r *xmltree.Reader, n *xmltree.Node, s *Status) {
	place := uint(0)
	for c := range n.Children("vcpu") {
		v := VCPU{ID: place}
		if text, ok := c.Attr("id"); ok {
			id, valid := xmltree.ParseUint(text, 10, 32)
			if !valid {
				r.Internal("cannot parse vcpu index '%s'", text)
			}
			v.ID = uint(id)
		}
		pid, ok := xmltree.ParseUint(c.Get("pid"), 10, 31)
		if !ok || int(v.ID) >= s.Domain.VCPU.Max() {
			r.Internal("invalid vcpu index '%d'", v.ID)
		}
		v.PID = int(pid)
		s.VCPUs = append(s.VCPUs, v)
		place++
	}
}

func formatVCPUs(w *xmlout.Writer, s *Status) {
	w.Start("vcpus")
	for _, v := range s.VCPUs {
		w.Start("vcpu")
		w.UintAttr("id", uint64(v.ID))
		w.IntAttr("pid", int64(v.PID))
		w.End()
	}
	w.EndFull()
}

func parseJob(r *xmltree.Reader, n *xmltree.Node, s *Status) {
	j := &Job{Type: n.Get("type"), Async: n.Get("async"), Phase: n.Get("phase")}
	if n.Has("flags") {
		j.Flags, _ = r.Ulong(n, "flags", 16, xmltree.Optional)
	}
	j.AsyncStarted, _ = r.Ulong(n, "asyncStarted", 10, xmltree.Optional)
	j.AsyncPaused = r.YesNo(n, "asyncPaused") == domain.Yes
	for c := range n.Elements() {
		detail := c.Detach()
		wrapMigrationSource(detail)
		j.Details = append(j.Details, detail)
	}
	s.Job = j
}

// wrapMigrationSource gives the source of a disk's migration an element of its own; older
// daemons wrote it into the one around it.
func wrapMigrationSource(disk *xmltree.Node) {
	outer := disk.Child("migrationSource")
	if outer == nil || outer.Child("source") != nil {
		return
	}
	source := &xmltree.Node{Name: "source", Parent: outer, Nodes: outer.Nodes}
	attrs := outer.Attrs
	outer.Attrs, outer.Nodes = nil, []*xmltree.Node{source}
	for _, a := range attrs {
		if a.Name == "type" || a.Name == "format" {
			outer.Attrs = append(outer.Attrs, a)
		} else {
			source.Attrs = append(source.Attrs, a)
		}
	}
}

func formatJob(w *xmlout.Writer, s *Status) {
	j := s.Job
	if j == nil {
		return
	}
	w.Start("job")
	w.Attr("type", j.Type)
	w.Attr("async", j.Async)
	w.OptAttr("phase", j.Phase)
	if j.Async != "none" {
		w.Attr("flags", "0x"+strconv.FormatUint(j.Flags, 16))
		w.UintAttr("asyncStarted", j.AsyncStarted)
		if j.AsyncPaused {
			w.Attr("asyncPaused", "yes")
		}
	}
	for _, d := range j.Details {
		w.Tree(d)
	}
	w.End()
}

func parseNumad(_ *xmltree.Reader, n *xmltree.Node, s *Status) {
	s.Numad = &Numad{NodeSet: n.Get("nodeset"), CPUSet: n.Get("cpuset")}
}

func formatNumad(w *xmlout.Writer, s *Status) {
	if s.Numad == nil {
		return
	}
	w.Start("numad")
	w.OptAttr("nodeset", s.Numad.NodeSet)
	w.OptAttr("cpuset", s.Numad.CPUSet)
	w.End()
}

func parseNodename(r *xmltree.Reader, n *xmltree.Node, s *Status) {
	if text := n.Get("index"); text != "" {
		v, ok := xmltree.ParseUint(text, 10, 64)
		if !ok {
			r.XMLError("failed to parse node name index")
		}
		s.NodenameIndex = v
	}
}

func formatNodename(w *xmlout.Writer, s *Status) {
	w.Start("nodename")
	w.UintAttr("index", s.NodenameIndex)
	w.End()
}

func parseFDSet(_ *xmltree.Reader, n *xmltree.Node, s *Status) {
	v, _ := xmltree.ParseUint(n.Get("index"), 10, 32)
	s.FDSetIndex = uint(v)
}

func formatFDSet(w *xmlout.Writer, s *Status) {
	w.Start("fdset")
	w.UintAttr("index", uint64(s.FDSetIndex))
	w.End()
}

func parseAgentTimeout(r *xmltree.Reader, n *xmltree.Node, s *Status) {
	v, ok := xmltree.ParseInt(n.Content(), 10, 32)
	if !ok {
		r.Internal("failed to parse agent timeout")
	}
	s.AgentTimeout = int(v)
}

func formatAgentTimeout(w *xmlout.Writer, s *Status) {
	w.IntElem("agentTimeout", int64(s.AgentTimeout))
}
