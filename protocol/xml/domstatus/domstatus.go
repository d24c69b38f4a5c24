package domstatus

import (
	"slices"

	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/domain"
	"virtree.dev/protocol/xml/xmlout"
	"virtree.dev/protocol/xml/xmltree"
)

// AgentBlocks is the agent timeout of a machine that nobody has set one for.
const AgentBlocks = -2

var states = []string{
	"nostate", "running", "blocked", "paused", "shutdown", "shutoff", "crashed", "pmsuspended",
}

// taints are the known taints in the order they are written.
var taints = []string{
	"custom-argv", "custom-monitor", "high-privileges", "shell-scripts", "disk-probing", "external-launch",
	"host-cpu", "hook-script", "cdrom-passthrough", "custom-dtb", "custom-ga-command",
	"custom-hypervisor-feature", "deprecated-config", "custom-device", "nbdkit-restart",
}

// Parse reads a status document. The options of the domain are made to fit.
func Parse(doc []byte, o domain.ParseOptions) (*Status, error) {
	root, err := xmltree.ParseRoot(doc, "domstatus", "(domain_status)", virerr.FromDomain)
	if err != nil {
		return nil, err
	}
	var r xmltree.Reader
	config := root.Child("domain")
	if config == nil {
		r.Internal("no domain config")
		return nil, r.Err()
	}
	o.Inactive, o.Status, o.ActualNet, o.SkipValidate = false, true, true, true
	s := &Status{AgentTimeout: AgentBlocks}
	if s.Domain, err = domain.ParseNode(config, o); err != nil {
		return nil, err
	}
	s.State = r.Enum(root, "state", states, xmltree.Required)
	s.Reason = root.Get("reason")
	pid, _ := r.Long(root, "pid", 10, xmltree.Required)
	s.PID = int(pid)
	s.parse(&r, root)
	if err := r.Err(); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Status) parse(r *xmltree.Reader, root *xmltree.Node) {
	for c := range root.Elements() {
		switch c.Name {
		case "domain":
			continue
		case "taint":
			if t := r.Enum(c, "flag", taints, xmltree.Optional); t != "" && !slices.Contains(s.Taints, t) {
				s.Taints = append(s.Taints, t)
			}
			continue
		case "deprecation":
			s.Deprecations = append(s.Deprecations, c.Content())
			continue
		}
		i := slices.IndexFunc(parts, func(p part) bool { return p.name == c.Name })
		if i < 0 {
			s.Extra = append(s.Extra, c.Detach())
			continue
		}
		parts[i].parse(r, c, s)
	}
	if s.Monitor == nil {
		r.Internal("no monitor path")
	}
}

// Format writes the status document.
func (s *Status) Format() string {
	w := xmlout.New(0)
	w.Start("domstatus")
	w.Attr("state", s.State)
	w.Attr("reason", s.Reason)
	w.IntAttr("pid", int64(s.PID))
	for _, t := range taints {
		if slices.Contains(s.Taints, t) {
			w.AttrElem("taint", "flag", t)
		}
	}
	for _, d := range s.Deprecations {
		w.FullElem("deprecation", d)
	}
	for i := range parts {
		s.formatPart(w, &parts[i])
	}
	for _, n := range s.Extra {
		w.Tree(n)
	}
	s.Domain.FormatTo(w, "domain", domain.FormatOptions{Secure: true, Status: true, ActualNet: true})
	w.End()
	return w.String()
}

func (s *Status) formatPart(w *xmlout.Writer, p *part) {
	if p.name == "blockjobs" && s.BlockJobs == nil {
		w.AttrElem("blockjobs", "active", "no")
		return
	}
	p.format(w, s)
}
