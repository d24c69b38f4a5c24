package domain

import (
	"fmt"

	"virtree.dev/protocol/xml/xmlout"
	"virtree.dev/protocol/xml/xmltree"
)

// sourceForm says how a source is written.
type sourceForm struct {
	policy                string // startup policy
	index                 bool
	skipAuth, skipEncrypt bool
}

func formatSource(w *xmlout.Writer, s *DiskSource, f sourceForm, o FormatOptions) {
	w.Start("source")
	formatSourceAttrs(w, s, o)
	if s.Type != "network" {
		w.OptAttr("startupPolicy", f.policy)
	}
	if f.index {
		w.OptUintAttr("index", uint64(s.Index))
	}
	formatSourceContent(w, s, o)
	if s.Slice != nil {
		w.Start("slices")
		w.Start("slice")
		w.Attr("type", "storage")
		w.UintAttr("offset", s.Slice.Offset)
		w.UintAttr("size", s.Slice.Size)
		w.End()
		w.End()
	}
	if s.Type != "network" {
		formatDeviceSecLabels(w, s.SecLabels, o)
	}
	if s.Auth != nil && !f.skipAuth && s.Type != "volume" {
		formatAuth(w, s.Auth)
	}
	if s.Encryption != nil && !f.skipEncrypt {
		formatEncryption(w, s.Encryption)
	}
	formatReservations(w, s.Reservations, o)
	formatDataStore(w, s, o)
	formatPrivate(w, s.Private, o)
	w.EndOrDrop()
}

func formatPrivate(w *xmlout.Writer, n *xmltree.Node, o FormatOptions) {
	if o.Status && n != nil {
		w.Tree(n)
	}
}

func formatSourceAttrs(w *xmlout.Writer, s *DiskSource, o FormatOptions) {
	switch s.Type {
	case "file":
		w.OptAttr("file", s.Path)
		w.OptAttr("fdgroup", s.FDGroup)
	case "block", "vhostvdpa":
		w.OptAttr("dev", s.Path)
	case "dir":
		w.OptAttr("dir", s.Path)
	case "volume":
		w.OptAttr("pool", s.Pool)
		w.OptAttr("volume", s.Volume)
		w.OptAttr("mode", s.PoolMode)
		if attr := actualPaths[s.Actual]; o.Status && attr != "" {
			w.Attr("actualType", s.Actual)
			w.OptAttr(attr, s.Path)
		}
	case "nvme":
		w.Attr("type", "pci")
		w.OptAttr("managed", s.NVMe.Managed.YesNo())
		w.UintAttr("namespace", s.NVMe.Namespace)
	case "vhostuser":
		w.Attr("type", "unix")
		w.Attr("path", s.VhostUser.Path)
	case "network":
		formatNetworkAttrs(w, s.Network, o)
	}
}

func formatNetworkAttrs(w *xmlout.Writer, n *NetworkSource, o FormatOptions) {
	w.Attr("protocol", n.Protocol)
	w.OptAttr("name", n.Name)
	w.OptAttr("query", n.Query)
	if !o.Migratable || !n.TLSFromConfig {
		w.OptAttr("tls", n.TLS.YesNo())
	}
	w.OptAttr("tlsHostname", n.TLSHostname)
	if o.Status {
		w.Attr("tlsFromConfig", zeroOne(n.TLSFromConfig))
	}
}

func zeroOne(b bool) string {
	if b {
		return "1"
	}
	return "0"
}

func formatSourceContent(w *xmlout.Writer, s *DiskSource, o FormatOptions) {
	switch s.Type {
	case "nvme":
		w.Start("address")
		formatPCIPlace(w, &s.NVMe.Address)
		w.End()
	case "vhostuser":
		formatReconnect(w, s.VhostUser.Reconnect)
	case "network":
		formatNetworkContent(w, s.Network, o)
	}
}

func formatNetworkContent(w *xmlout.Writer, n *NetworkSource, o FormatOptions) {
	for _, h := range n.Hosts {
		w.Start("host")
		w.OptAttr("name", h.Name)
		w.OptUintAttr("port", uint64(h.Port))
		w.OptAttr("transport", h.Transport)
		w.OptAttr("socket", h.Socket)
		w.End()
	}
	w.Start("identity")
	w.OptAttr("user", n.NFSUser)
	w.OptAttr("group", n.NFSGroup)
	w.EndOrDrop()
	if n.Reconnect != 0 {
		w.AttrElem("reconnect", "delay", fmt.Sprint(n.Reconnect))
	}
	w.AttrElem("snapshot", "name", n.Snapshot)
	w.AttrElem("config", "file", n.ConfigFile)
	formatInitiator(w, n.InitiatorIQN)
	w.AttrElem("ssl", "verify", n.SSLVerify.YesNo())
	if o.Secure && len(n.Cookies) > 0 {
		w.Start("cookies")
		for _, c := range n.Cookies {
			w.Start("cookie")
			w.Attr("name", c.Name)
			w.Text(c.Value)
			w.End()
		}
		w.End()
	}
	if n.ReadAhead != 0 {
		w.AttrElem("readahead", "size", fmt.Sprint(n.ReadAhead))
	}
	if n.Timeout != 0 {
		w.AttrElem("timeout", "seconds", fmt.Sprint(n.Timeout))
	}
	w.AttrElem("knownHosts", "path", n.KnownHosts)
	if n.SSHKeyFile != "" || n.SSHAgent != "" {
		w.Start("identity")
		w.OptAttr("username", n.SSHUser)
		w.OptAttr("keyfile", n.SSHKeyFile)
		w.OptAttr("agentsock", n.SSHAgent)
		w.End()
	}
}

func formatInitiator(w *xmlout.Writer, iqn string) {
	if iqn != "" {
		w.Start("initiator")
		w.AttrElem("iqn", "name", iqn)
		w.End()
	}
}

func formatSecret(w *xmlout.Writer, s SecretRef) {
	w.Start("secret")
	w.OptAttr("type", s.Type)
	if s.UUID != "" {
		w.Attr("uuid", s.UUID)
	} else {
		w.OptAttr("usage", s.Usage)
	}
	w.End()
}

func formatAuth(w *xmlout.Writer, a *SourceAuth) {
	w.Start("auth")
	w.OptAttr("type", a.Type)
	w.Attr("username", a.Username)
	formatSecret(w, a.Secret)
	w.End()
}

func formatEncryption(w *xmlout.Writer, e *Encryption) {
	w.Start("encryption")
	w.Attr("format", e.Format)
	w.OptAttr("engine", e.Engine)
	for _, s := range e.Secrets {
		formatSecret(w, s)
	}
	if c := e.Cipher; c != nil {
		w.Start("cipher")
		w.Attr("name", c.Name)
		w.UintAttr("size", uint64(c.Size))
		w.OptAttr("mode", c.Mode)
		w.OptAttr("hash", c.Hash)
		w.End()
		if c.IVGenName != "" {
			w.Start("ivgen")
			w.Attr("name", c.IVGenName)
			w.OptAttr("hash", c.IVGenHash)
			w.End()
		}
	}
	w.EndFull()
}

func formatReservations(w *xmlout.Writer, r *Reservations, o FormatOptions) {
	if r == nil {
		return
	}
	w.Start("reservations")
	w.Attr("managed", r.Managed.YesNo())
	if r.Path != "" && (r.Managed == No || !o.Migratable) {
		w.Start("source")
		w.Attr("type", "unix")
		w.Attr("path", r.Path)
		w.Attr("mode", "client")
		w.End()
	}
	w.End()
}

func formatDataStore(w *xmlout.Writer, s *DiskSource, o FormatOptions) {
	if s.Data == nil || o.Inactive && s.Data.Detected {
		return
	}
	w.Start("dataStore")
	w.Attr("type", s.Data.Type)
	w.AttrElem("format", "type", "raw")
	formatSource(w, s.Data, sourceForm{index: true}, o)
	w.End()
}

func formatBacking(w *xmlout.Writer, s *DiskSource, o FormatOptions) {
	b := s.Backing
	if b == nil || o.Inactive && b.Detected {
		return
	}
	if b.Type == "none" || b.Type == "" {
		w.Empty("backingStore")
		return
	}
	w.Start("backingStore")
	w.Attr("type", b.Type)
	w.OptUintAttr("index", uint64(b.Index))
	formatImageFormat(w, b)
	formatSource(w, b, sourceForm{}, o)
	formatBacking(w, b, o)
	w.End()
}

// formatImageFormat writes <format> with the size of its cache.
func formatImageFormat(w *xmlout.Writer, s *DiskSource) {
	w.Start("format")
	w.OptAttr("type", s.Format)
	formatMetadataCache(w, s.MetadataCacheMax)
	w.EndOrDrop()
}

func formatMetadataCache(w *xmlout.Writer, size uint64) {
	if size > 0 {
		w.Start("metadata_cache")
		w.SizeElem("max_size", "bytes", size)
		w.End()
	}
}
