package command

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"virtree.dev/internal/account"
	"virtree.dev/protocol/xml/domain"
)

// storageProps describes the layer that reads an image from where it is.
func (b *builder) storageProps(i *image, effective bool) *Props {
	p := b.protocolProps(i)
	if p != nil {
		b.layerProps(p, i, i.storage, effective)
	}
	return p
}

func (b *builder) protocolProps(i *image) *Props {
	switch i.kind() {
	case "file":
		return b.fileProps(i, "file")
	case "block":
		cdrom := b.env.Storage.HostCDROM
		if i.disk != nil && i.disk.Device == "cdrom" && cdrom != nil && cdrom(i.Path) {
			return b.fileProps(i, "host_cdrom")
		}
		return b.fileProps(i, "host_device")
	case "dir":
		p := props("driver", "vvfat", "dir", i.Path)
		p.Bool("floppy", i.disk != nil && i.disk.Device == "floppy")
		return p.Bool("rw", !i.readOnly)
	case "nvme":
		a := i.NVMe.Address
		p := props("driver", "nvme", "device", fmt.Sprintf("%04x:%02x:%02x.%d", a.Domain, a.Bus, a.Slot, a.Function))
		return p.Uint("namespace", i.NVMe.Namespace)
	case "vhostvdpa":
		return props("driver", "virtio-blk-vhost-vdpa", "path", i.fdset)
	case "network":
		return b.networkProps(i)
	case "vhostuser":
		b.internal("unable to create blockdev props for vhostuser disk type")
	case "volume":
		b.internal("storage source pool '%s' volume '%s' is not translated", i.Pool, i.Volume)
	default:
		b.internal("Unexpected enum value %d for virStorageType", 0)
	}
	return nil
}

func (b *builder) fileProps(i *image, driver string) *Props {
	path := i.Path
	if i.fdset != "" {
		path = i.fdset
	}
	p := props("driver", driver, "filename", path)
	if i.disk != nil {
		p.OptStr("aio", i.disk.Driver.IO)
	}
	if i.Reservations != nil {
		p.Str("pr-manager", reservationsAlias(i))
	}
	return p
}

func (b *builder) networkProps(i *image) *Props {
	n := i.Network
	if b.throughNBDKit(i) {
		server := props("type", "unix", "path", NBDKitSocket(b.env.LibDir, i.storage))
		return props("driver", "nbd").Obj("server", server)
	}
	p := props("driver", n.Protocol)
	switch n.Protocol {
	case "gluster":
		volume, path, _ := strings.Cut(n.Name, "/")
		p.Str("volume", volume).Str("path", path).List("server", b.each(n, b.socketAddress)...)
		p.Uint("debug", uint64(b.env.Storage.GlusterDebug))
	case "http", "https", "ftp", "ftps", "tftp":
		b.curlProps(p, i)
	case "iscsi":
		b.iscsiProps(p, i)
	case "nbd":
		if h := b.onlyHost(n, "nbd protocol accepts only one host"); h != nil {
			creds, _ := b.tls(i)
			p.Obj("server", b.socketAddress(h)).OptStr("export", n.Name).OptStr("tls-creds", creds)
			p.OptStr("tls-hostname", n.TLSHostname).OptUint("reconnect-delay", uint64(n.Reconnect))
		}
	case "rbd":
		b.rbdProps(p, i)
	case "ssh":
		b.sshProps(p, i)
	case "nfs":
		b.nfsProps(p, n)
	case "vxhs":
		if h := b.onlyHost(n, "VxHS protocol accepts only one host"); h != nil {
			creds, _ := b.tls(i)
			p.OptStr("tls-creds", creds).Str("vdisk-id", n.Name).Obj("server", b.inetAddress(h))
		}
	default:
		b.internal("unsupported disk protocol")
	}
	return p
}

// NBDKitSocket is where the nbdkit behind a node of storage listens.
func NBDKitSocket(libDir, node string) string { return libDir + "/nbdkit-" + node + ".socket" }

// throughNBDKit says whether another process reads an image for QEMU.
func (b *builder) throughNBDKit(i *image) bool {
	n := i.Network
	return i.kind() == "network" && n != nil && b.env.Storage.NBDKit != nil && b.env.Storage.NBDKit(n.Protocol)
}

func (b *builder) each(n *domain.NetworkSource, address func(*domain.NetworkHost) *Props) []any {
	out := []any{}
	for i := range n.Hosts {
		out = append(out, address(&n.Hosts[i]))
	}
	return out
}

// onlyHost gives the host of a protocol that goes with one.
func (b *builder) onlyHost(n *domain.NetworkSource, complaint string) *domain.NetworkHost {
	if len(n.Hosts) != 1 {
		b.internal("%s", complaint)
		return nil
	}
	return &n.Hosts[0]
}

func port(h *domain.NetworkHost) string { return strconv.FormatUint(uint64(h.Port), 10) }

func (b *builder) socketAddress(h *domain.NetworkHost) *Props {
	switch h.Transport {
	case "", "tcp":
		return props("type", "inet", "host", h.Name, "port", port(h))
	case "unix":
		return props("type", "unix", "path", h.Socket)
	}
	b.internal("transport protocol '%s' is not yet supported", h.Transport)
	return nil
}

func (b *builder) inetAddress(h *domain.NetworkHost) *Props {
	if h.Transport != "" && h.Transport != "tcp" {
		b.internal("only TCP protocol can be converted to InetSocketAddress")
	}
	return props("host", h.Name, "port", port(h))
}

func (b *builder) curlProps(p *Props, i *image) {
	n := i.Network
	if len(n.Hosts) != 1 {
		b.internal("protocol '%s' accepts only one host", n.Protocol)
		return
	}
	p.Str("url", ImageURL(n))
	if i.Auth != nil {
		p.Str("username", i.Auth.Username).Str("password-secret", i.authAlias())
	}
	if n.SSLVerify.Given() {
		p.Bool("sslverify", n.SSLVerify == domain.Yes)
	}
	if len(n.Cookies) > 0 {
		p.Str("cookie-secret", secretAlias(i.storage, "httpcookie", 0))
	}
	p.OptUint("timeout", n.Timeout).OptUint("readahead", n.ReadAhead)
}

// ImageURL is the place of an image on the network as a URL.
func ImageURL(n *domain.NetworkSource) string {
	h := &n.Hosts[0]
	name := h.Name
	if strings.Contains(name, ":") {
		name = "[" + name + "]"
	}
	path := n.Name
	if path != "" && !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	text := n.Protocol
	if h.Transport != "" && h.Transport != "tcp" {
		text += "+" + h.Transport
	}
	text += "://" + name
	if h.Port != 0 {
		text += ":" + port(h)
	}
	text += (&url.URL{Path: path}).EscapedPath()
	if n.Query != "" {
		text += "?" + n.Query
	}
	return text
}

func (b *builder) iscsiProps(p *Props, i *image) {
	n := i.Network
	h := b.onlyHost(n, "iSCSI protocol accepts only one host")
	if h == nil {
		return
	}
	target, unit, _ := strings.Cut(n.Name, "/")
	lun, err := strconv.ParseUint("0"+unit, 10, 32)
	if err != nil {
		b.internal("cannot parse target for lunStr '%s'", target)
	}
	portal := h.Name + ":" + port(h)
	if ip := net.ParseIP(h.Name); ip != nil && ip.To4() == nil {
		portal = "[" + h.Name + "]:" + port(h)
	}
	p.Str("portal", portal).Str("target", target).Uint("lun", lun).Str("transport", "tcp")
	if i.Auth != nil {
		p.Str("user", i.Auth.Username).Str("password-secret", i.authAlias())
	}
	p.OptStr("initiator-name", n.InitiatorIQN)
}

func (b *builder) rbdProps(p *Props, i *image) {
	n := i.Network
	pool, name, _ := strings.Cut(n.Name, "/")
	p.Str("pool", pool).Str("image", name).OptStr("snapshot", n.Snapshot).OptStr("conf", n.ConfigFile)
	if len(n.Hosts) > 0 {
		p.List("server", b.each(n, b.inetAddress)...)
	}
	if e := i.Encryption; e != nil && e.Engine == "librbd" {
		var encrypt *Props
		for at := len(e.Secrets) - 1; at >= 0; at-- {
			key := secretAlias(i.encryptionAlias(), "encryption", at)
			encrypt = props("format", e.Format, "key-secret", key).Obj("parent", encrypt)
		}
		p.Obj("encrypt", encrypt)
	}
	if i.Auth != nil {
		p.Str("user", i.Auth.Username).List("auth-client-required", "cephx", "none")
		p.Str("key-secret", i.authAlias())
	}
}

func (b *builder) sshProps(p *Props, i *image) {
	n := i.Network
	h := b.onlyHost(n, "ssh protocol accepts only one host")
	if h == nil {
		return
	}
	name := n.SSHUser
	if i.Auth != nil {
		name = i.Auth.Username
	}
	p.Str("path", n.Name).Obj("server", b.inetAddress(h)).OptStr("user", name)
}

func (b *builder) nfsProps(p *Props, n *domain.NetworkSource) {
	if len(n.Hosts) == 0 {
		b.internal("protocol '%s' accepts only one host", n.Protocol)
		return
	}
	p.Obj("server", props("host", n.Hosts[0].Name, "type", "inet")).OptStr("path", n.Name)
	b.nfsID(p, "user", n.NFSUser, account.User)
	b.nfsID(p, "group", n.NFSGroup, account.Group)
}

// nfsID adds a number given as such (+1000) or by name.
func (b *builder) nfsID(p *Props, name, text string, find func(string) (uint32, error)) {
	if text == "" {
		return
	}
	id, err := find(text)
	if err != nil {
		b.internal("%s", err)
	}
	p.Uint(name, uint64(id))
}
