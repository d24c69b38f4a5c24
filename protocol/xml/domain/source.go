package domain

import (
	"math"
	"slices"
	"strings"

	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/uuid"
	"virtree.dev/protocol/xml/xmltree"
)

var (
	sourceTypes = []string{
		"file", "block", "dir", "network", "volume", "nvme", "vhostuser", "vhostvdpa",
	}
	networkProtocols = []string{
		"none", "nbd", "rbd", "sheepdog", "gluster", "iscsi", "http", "https", "ftp", "ftps", "tftp", "ssh",
		"vxhs", "nfs",
	}
	hostTransports    = []string{"tcp", "unix", "rdma", "fd"}
	poolModes         = []string{"host", "direct"}
	authTypes         = []string{"none", "chap", "ceph"}
	encryptionFormats = []string{"default", "qcow", "luks", "luks2", "luks-any"}
	encryptionEngines = []string{"qemu", "librbd"}
	// networkPorts are taken when a host names none.
	networkPorts = map[string]uint{
		"nbd": 10809, "sheepdog": 7000, "gluster": 24007, "iscsi": 3260, "http": 80, "https": 443,
		"ftp": 21, "ftps": 990, "tftp": 69, "ssh": 22, "vxhs": 9999,
	}
)

// source reads <source> into a source whose type is known.
func (p *parser) source(n *xmltree.Node, s *DiskSource) {
	switch s.Type {
	case "file":
		s.Path, s.FDGroup = n.Get("file"), n.Get("fdgroup")
	case "block":
		s.Path = n.Get("dev")
	case "dir":
		s.Path = n.Get("dir")
	case "network":
		p.networkSource(n, s)
	case "volume":
		s.Pool, s.Volume = n.Get("pool"), n.Get("volume")
		if !n.Has("pool") || !n.Has("volume") {
			p.XMLError("'pool' and 'volume' must be specified together for 'pool' type source")
		}
		s.PoolMode = p.Enum(n, "mode", poolModes, xmltree.Optional)
		p.actualSource(n, s)
	case "nvme":
		p.nvmeSource(n, s)
	case "vhostuser":
		p.vhostUserSource(n, s)
	case "vhostvdpa":
		s.Path = p.Need(n, "dev")
	}
	if a := n.Child("auth"); a != nil {
		s.Auth = p.sourceAuth(a)
	}
	if e := n.Child("encryption"); e != nil {
		s.Encryption = p.encryption(e)
	}
	if r := n.Child("reservations"); r != nil {
		s.Reservations = p.reservations(r)
	}
	p.slices(n.Child("slices"), s)
	s.SecLabels = p.deviceSecLabels(n)
	p.dataStore(n, s)
	if p.opts.Status {
		s.Private = n.Child("privateData").Detach()
	}
}

// actualPaths are the attributes of what a volume turned out to be; it is told by status documents.
var actualPaths = map[string]string{"file": "file", "block": "dev", "dir": "dir"}

func (p *parser) actualSource(n *xmltree.Node, s *DiskSource) {
	if !p.opts.Status {
		return
	}
	if attr := actualPaths[n.Get("actualType")]; attr != "" {
		s.Actual, s.Path = n.Get("actualType"), n.Get(attr)
	}
}

func (p *parser) slices(n *xmltree.Node, s *DiskSource) {
	for c := range n.Children("slice") {
		if c.Get("type") != "storage" {
			continue
		}
		slice := &Slice{}
		slice.Offset, _ = p.Ulong(c, "offset", 10, xmltree.Required)
		slice.Size, _ = p.Ulong(c, "size", 10, xmltree.Required|xmltree.NonZero)
		s.Slice = slice
		return
	}
}

func (p *parser) networkSource(n *xmltree.Node, s *DiskSource) {
	net := &NetworkSource{Protocol: p.Enum(n, "protocol", networkProtocols, xmltree.Required)}
	s.Network = net
	name, named := n.Attr("name")
	if net.Name = name; !named && net.Protocol != "nbd" {
		p.XMLError("missing name for disk source")
	}
	net.TLS, net.TLSHostname = p.YesNo(n, "tls"), n.Get("tlsHostname")
	if p.opts.Status {
		v, _ := p.Int(n, "tlsFromConfig", 10, xmltree.Optional)
		net.TLSFromConfig = v != 0
	}
	if r := n.Child("reconnect"); r != nil && net.Protocol == "nbd" {
		net.Reconnect, _ = p.Uint(r, "delay", 10, xmltree.Optional)
	}
	if i := strings.IndexByte(name, '/'); named && i <= 0 && (net.Protocol == "gluster" || net.Protocol == "rbd") {
		p.XMLError("can't split path '%s' into pool name and image name", name)
	}
	net.Snapshot, net.ConfigFile = n.Child("snapshot").Get("name"), n.Child("config").Get("file")
	for h := range n.Children("host") {
		net.Hosts = append(net.Hosts, p.networkHost(h, net.Protocol))
	}
	net.InitiatorIQN = n.Path("initiator/iqn").Get("name")
	p.networkDetails(n, net)
}

// networkDetails reads what only some protocols have.
func (p *parser) networkDetails(n *xmltree.Node, net *NetworkSource) {
	web := net.Protocol == "http" || net.Protocol == "https"
	files := net.Protocol == "ftp" || net.Protocol == "ftps"
	if web {
		net.Query = n.Get("query")
		for c := range n.Child("cookies").Children("cookie") {
			cookie := p.cookie(c)
			if slices.ContainsFunc(net.Cookies, func(o Cookie) bool { return o.Name == cookie.Name }) {
				p.Keep(virerr.New(virerr.FromStorage, virerr.XMLError, "duplicate cookie '%s'", cookie.Name))
			}
			net.Cookies = append(net.Cookies, cookie)
		}
	}
	if ssl := n.Child("ssl"); ssl != nil && (net.Protocol == "https" || net.Protocol == "ftps") {
		net.SSLVerify = p.YesNo(ssl, "verify")
	}
	if web || files {
		bad := func() { p.XMLError("invalid readahead size or timeout") }
		net.ReadAhead = p.number(n.Child("readahead").Get("size"), 64, bad)
		net.Timeout = p.number(n.Child("timeout").Get("seconds"), 64, bad)
	}
	identity := n.Child("identity")
	switch net.Protocol {
	case "nfs":
		net.NFSUser, net.NFSGroup = identity.Get("user"), identity.Get("group")
	case "ssh":
		if k := n.Child("knownHosts"); k != nil {
			net.KnownHosts = p.Need(k, "path")
		}
		if identity != nil {
			net.SSHUser = p.Need(identity, "username")
			net.SSHKeyFile, net.SSHAgent = identity.Get("keyfile"), identity.Get("agentsock")
			if net.SSHKeyFile == "" && net.SSHAgent == "" {
				p.XMLError("element '%s' requires either 'keyfile' or 'agentsock' attribute", identity.Name)
			}
		}
	}
}

// cookie reads a cookie that may be sent as it is.
func (p *parser) cookie(n *xmltree.Node) Cookie {
	c := Cookie{n.Get("name"), n.Content()}
	forbidden := func(text, more string) bool {
		return strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || strings.ContainsRune("\",;\\"+more, r) })
	}
	value := c.Value
	if rest, quoted := strings.CutPrefix(value, `"`); quoted {
		value = strings.TrimSuffix(rest, `"`)
	}
	switch {
	case c.Name == "":
		p.XMLError("missing cookie name")
	case c.Value == "":
		p.XMLError("missing value for cookie '%s'", c.Name)
	case forbidden(c.Name, "()<>@:/[]?={}"):
		p.Keep(virerr.New(virerr.FromStorage, virerr.XMLError, "cookie name '%s' contains invalid characters", c.Name))
	case forbidden(value, ""):
		p.Keep(virerr.New(virerr.FromStorage, virerr.XMLError, "value of cookie '%s' contains invalid characters", c.Name))
	}
	return c
}

func (p *parser) networkHost(n *xmltree.Node, protocol string) NetworkHost {
	h := NetworkHost{Transport: p.Enum(n, "transport", hostTransports, xmltree.Optional)}
	socket, hasSocket := n.Attr("socket")
	if h.Transport == "tcp" {
		h.Transport = ""
	}
	switch h.Transport {
	case "unix":
		if h.Socket = socket; !hasSocket {
			p.XMLError("missing socket for unix transport")
		}
	case "fd":
		p.XMLError("transport 'fd' is now allowed")
	default:
		if hasSocket {
			shown := h.Transport
			if shown == "" {
				shown = "tcp"
			}
			p.XMLError("transport '%s' does not support socket attribute", shown)
		}
		if text, ok := n.Attr("port"); ok {
			v, valid := xmltree.ParseUint(text, 10, 32)
			switch {
			case !valid:
				p.Keep(virerr.New(virerr.FromNone, virerr.InvalidArg, "failed to parse port number '%s'", text))
			case v > math.MaxUint16:
				p.Keep(virerr.New(virerr.FromNone, virerr.InvalidArg, "port '%s' out of range", text))
			}
			h.Port = uint(v)
		}
		name, named := n.Attr("name")
		if h.Name = name; !named {
			p.XMLError("missing name for host")
		}
		if h.Port == 0 {
			h.Port = networkPorts[protocol]
		}
	}
	return h
}

func (p *parser) nvmeSource(n *xmltree.Node, s *DiskSource) {
	switch kind, ok := n.Attr("type"); {
	case !ok:
		p.XMLError("missing 'type' attribute to disk source")
	case kind != "pci":
		p.XMLError("unsupported source type '%s'", kind)
	}
	v := &NVMeSource{}
	v.Namespace, _ = p.Ulong(n, "namespace", 10, xmltree.Required)
	v.Managed = p.YesNo(n, "managed")
	if a := n.Child("address"); a != nil {
		v.Address = p.pciAddress(a)
	} else {
		p.XMLError("NVMe disk source is missing address")
	}
	s.NVMe = v
}

func (p *parser) vhostUserSource(n *xmltree.Node, s *DiskSource) {
	kind, hasType := n.Attr("type")
	path, hasPath := n.Attr("path")
	switch {
	case !hasType:
		p.XMLError("missing 'type' attribute for vhostuser disk source")
	case kind != "unix":
		p.XMLError("invalid 'type' attribute for vhostuser disk source")
	case !hasPath:
		p.XMLError("missing 'path' attribute for vhostuser disk source")
	}
	s.VhostUser = &ChardevSource{Type: "unix", Path: path, Reconnect: p.reconnect(n)}
}

func (p *parser) sourceAuth(n *xmltree.Node) *SourceAuth {
	defer p.As(virerr.FromStorage)()
	a := &SourceAuth{Username: n.Get("username"), Type: n.Get("type")}
	switch {
	case a.Username == "":
		p.XMLError("missing username for auth")
	case a.Type != "" && !slices.Contains(authTypes, a.Type):
		p.Unsupported("unknown auth type '%s'", a.Type)
	}
	if a.Type == "none" {
		a.Type = ""
	}
	if s := n.Child("secret"); s != nil {
		a.Secret = p.secret(s)
	} else {
		p.XMLError("Missing <secret> element in auth")
	}
	return a
}

func (p *parser) secret(n *xmltree.Node) SecretRef {
	defer p.As(xmltree.Anybody)()
	s := SecretRef{Type: n.Get("type"), Usage: n.Get("usage")}
	id, hasID := n.Attr("uuid")
	switch {
	case !hasID && !n.Has("usage"):
		p.XMLError("missing secret uuid or usage attribute")
	case hasID && n.Has("usage"):
		p.XMLError("either secret uuid or usage expected")
	case hasID:
		u, err := uuid.Parse(id)
		if err != nil {
			p.XMLError("invalid secret uuid '%s'", id)
		}
		s.UUID = u.String()
	}
	return s
}

func (p *parser) encryption(n *xmltree.Node) *Encryption {
	defer p.As(virerr.FromStorage)()
	e := &Encryption{Format: n.Get("format")}
	switch {
	case e.Format == "":
		p.XMLError("unknown volume encryption format")
	case !slices.Contains(encryptionFormats, e.Format):
		p.Unsupported("unknown volume encryption format type %s", e.Format)
	}
	e.Engine = p.Enum(n, "engine", encryptionEngines, xmltree.Optional)
	for s := range n.Children("secret") {
		switch kind := s.Get("type"); kind {
		case "":
			p.XMLError("unknown volume encryption secret type")
		case "passphrase":
		default:
			p.Unsupported("unknown volume encryption secret type %s", kind)
		}
		e.Secrets = append(e.Secrets, p.secret(s))
	}
	if e.Format == "luks" {
		p.cipher(n, e)
	}
	return e
}

func (p *parser) cipher(n *xmltree.Node, e *Encryption) {
	if c := n.Child("cipher"); c != nil {
		e.Cipher = &Cipher{Name: c.Get("name"), Mode: c.Get("mode"), Hash: c.Get("hash")}
		if !c.Has("name") {
			p.XMLError("cipher info missing 'name' attribute")
		}
		e.Cipher.Size, _ = p.Uint(c, "size", 10, xmltree.Required)
	}
	if i := n.Child("ivgen"); i != nil {
		if e.Cipher == nil {
			p.XMLError("ivgen element found, but cipher is missing")
			return
		}
		if e.Cipher.IVGenName, e.Cipher.IVGenHash = i.Get("name"), i.Get("hash"); !i.Has("name") {
			p.XMLError("missing ivgen info name string")
		}
	}
}

func (p *parser) reservations(n *xmltree.Node) *Reservations {
	defer p.As(virerr.FromStorage)()
	r := &Reservations{Managed: p.NeedYesNo(n, "managed")}
	s := n.Child("source")
	kind, mode := s.Get("type"), s.Get("mode")
	if r.Path = s.Get("path"); r.Managed == No || kind != "" || r.Path != "" || mode != "" {
		switch {
		case kind == "":
			p.XMLError("missing connection type for <reservations/>")
		case r.Path == "":
			p.XMLError("missing path for <reservations/>")
		case mode == "":
			p.XMLError("missing connection mode for <reservations/>")
		}
	}
	switch {
	case kind != "" && kind != "unix":
		p.XMLError("unsupported connection type for <reservations/>: %s", kind)
	case mode != "" && mode != "client":
		p.XMLError("unsupported connection mode for <reservations/>: %s", mode)
	}
	return r
}

// sourceOf makes a source of a type and format as chains name them.
func (p *parser) sourceOf(kind, format, index string) *DiskSource {
	s := &DiskSource{Type: "file", Format: format}
	if kind != "" {
		if s.Type = kind; !slices.Contains(sourceTypes, kind) {
			p.XMLError("unknown storage source type '%s'", kind)
		}
	}
	if format != "" && (!slices.Contains(StorageFormats, format) || format == "none") {
		p.XMLError("unknown storage source format '%s'", format)
	}
	s.Index = uint(p.number(index, 32, func() { p.XMLError("invalid storage source index '%s'", index) }))
	return s
}

func (p *parser) liveIndex(n *xmltree.Node) string {
	if p.opts.Inactive {
		return ""
	}
	return n.Get("index")
}

// metadataCache reads how big the cache may get; path is where the element stands.
func (p *parser) metadataCache(n *xmltree.Node, path string) uint64 {
	path += "metadata_cache/max_size"
	size := n.Path(path)
	v, _ := p.scaled(size.Content(), size.Get("unit"), "./"+path, 1, math.MaxUint64, false)
	return v
}

// backing reads the chain below a source.
func (p *parser) backing(parent *xmltree.Node, s *DiskSource) {
	n := parent.Child("backingStore")
	if n == nil {
		return
	}
	kind, ok := n.Attr("type")
	switch {
	case !ok:
		s.Backing = &DiskSource{Type: "none"}
		return
	case kind == "":
		p.XMLError("unknown storage source type ''")
		return
	}
	format := n.Child("format").Get("type")
	source := n.Child("source")
	switch {
	case format == "":
		p.XMLError("missing disk backing store format")
		return
	case source == nil:
		p.XMLError("missing disk backing store source")
		return
	}
	b := p.sourceOf(kind, format, p.liveIndex(n))
	b.MetadataCacheMax = p.metadataCache(n, "format/")
	p.source(source, b)
	p.dataStore(n, b)
	if p.OK() {
		p.backing(n, b)
	}
	s.Backing = b
}

func (p *parser) dataStore(parent *xmltree.Node, s *DiskSource) {
	n := parent.Child("dataStore")
	if n == nil || !p.OK() {
		return
	}
	kind := p.Need(n, "type")
	format := n.Child("format").Get("type")
	source := n.Child("source")
	switch {
	case format == "":
		p.XMLError("missing data file store format")
		return
	case source == nil:
		p.XMLError("missing disk data file store source")
		return
	}
	s.Data = p.sourceOf(kind, format, p.liveIndex(source))
	p.source(source, s.Data)
}
