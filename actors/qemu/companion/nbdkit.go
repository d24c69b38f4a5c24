package companion

import (
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"virtree.dev/actors/qemu/command"
	"virtree.dev/protocol/xml/domain"
)

// nbdkit adds the readers of images on the network.
func (m *maker) nbdkit() {
	if m.host.NBDKit == nil {
		return
	}
	nodes := command.StorageNodes(m.doc)
	for _, node := range slices.Sorted(maps.Keys(nodes)) {
		s := nodes[node]
		if s.Network == nil || !m.host.NBDKit(s.Network.Protocol) {
			continue
		}
		h := Process{
			Title: "nbdkit", Name: "nbdkit", AsMachine: true, Program: m.program("nbdkit"),
			PIDFile: filepath.Join(m.host.LibDir, "nbdkit-"+node+".pid"),
			Socket:  command.NBDKitSocket(m.host.LibDir, node),
		}
		h.Args = []string{"--unix", h.Socket, "--foreground"}
		if s.Network.Protocol == "ssh" {
			m.nbdkitSSH(&h, s)
		} else {
			m.nbdkitCurl(&h, s)
		}
		m.add(h)
	}
}

// nbdkitCurl reads by HTTP and FTP. Cookies are for nobody's eyes and go by a file.
func (m *maker) nbdkitCurl(h *Process, s *domain.DiskSource) {
	n := s.Network
	h.Args = append(h.Args, "curl", "protocols="+n.Protocol, "url="+command.ImageURL(n))
	if s.Auth != nil {
		m.internal("nbdkit cannot be given the secret of user '%s'", s.Auth.Username)
		return
	}
	if len(n.Cookies) > 0 {
		h.Config, h.ConfigText = strings.TrimSuffix(h.PIDFile, ".pid")+"-cookie", command.CookieText(n.Cookies)
		h.Args = append(h.Args, "cookie=+"+h.Config)
	}
	if n.SSLVerify == domain.No {
		h.Args = append(h.Args, "sslverify=false")
	}
	if n.Timeout > 0 {
		h.Args = append(h.Args, "timeout="+strconv.FormatUint(n.Timeout, 10))
	}
}

func (m *maker) nbdkitSSH(h *Process, s *domain.DiskSource) {
	n := s.Network
	if len(n.Hosts) != 1 {
		m.internal("protocol '%s' accepts only one host", n.Protocol)
		return
	}
	h.Args = append(h.Args, "ssh", "host="+n.Hosts[0].Name, "path="+n.Name)
	if port := n.Hosts[0].Port; port != 0 {
		h.Args = append(h.Args, "port="+strconv.FormatUint(uint64(port), 10))
	}
	user := n.SSHUser
	if s.Auth != nil {
		user = s.Auth.Username
	}
	if user != "" {
		h.Args = append(h.Args, "user="+user)
	}
	if n.KnownHosts != "" {
		h.Args = append(h.Args, "known-hosts="+n.KnownHosts)
	}
	if n.SSHKeyFile != "" {
		h.Args = append(h.Args, "identity="+n.SSHKeyFile)
	}
}
