package command

import (
	"strconv"

	"virtree.dev/protocol/xml/domain"
)

// chardevSpec is a character device as QEMU's side of it sees it.
type chardevSpec struct {
	source *domain.ChardevSource
	alias  string // of the character device: "charserial0"
	device string // of the guest's device, for names of descriptors
	wait   bool   // a listener waits for its client before the guest runs
	direct bool   // the path is opened by QEMU itself
}

// chardev adds the host's end of a device that QEMU opens by itself.
func (b *builder) chardev(s *domain.ChardevSource, alias string) {
	b.addChardev(chardevSpec{source: s, alias: alias, direct: true, wait: true})
}

// deviceChardev adds the host's end of a device whose files we open for QEMU.
func (b *builder) deviceChardev(s *domain.ChardevSource, device string) {
	b.addChardev(chardevSpec{source: s, alias: "char" + device, device: device})
}

func (b *builder) addChardev(c chardevSpec) {
	creds := b.chardevTLS(c)
	json := b.has("chardev.json")
	kind, p := b.chardevProps(c, json, creds)
	if b.err != nil {
		return
	}
	b.chardevLog(p, c)
	if json {
		backend := props("type", kind).Obj("data", p)
		b.arg("-chardev", props("id", c.alias).Obj("backend", backend).JSON())
		return
	}
	text := kind + ",id=" + c.alias
	if !p.Empty() {
		text += "," + p.Options("")
	}
	b.arg("-chardev", text)
}

// chardevTLS adds the certificates of a TCP connection and gives their name.
func (b *builder) chardevTLS(c chardevSpec) string {
	s := c.source
	if s.Type != "tcp" || s.TLS == domain.No || !s.TLS.Given() && !b.env.Config.ChardevTLS {
		return ""
	}
	alias := "obj" + c.alias + "_tls0"
	p := props("qom-type", "tls-creds-x509", "id", alias, "dir", b.env.Config.ChardevTLSDir)
	if s.Listen {
		p.Str("endpoint", "server").Bool("verify-peer", b.env.Config.ChardevTLSVerify)
	} else {
		p.Str("endpoint", "client").Bool("verify-peer", true)
	}
	if secret := b.env.Config.ChardevTLSSecret; secret != "" {
		key := c.alias + "-secret0"
		b.secret(key, "tls", domain.SecretRef{UUID: secret})
		p.Str("passwordid", key)
	}
	b.object(p)
	return alias
}

// chardevProps describes a backend. The JSON form has other names than the old one.
func (b *builder) chardevProps(c chardevSpec, json bool, creds string) (kind string, p *Props) {
	s := c.source
	p = &Props{}
	either := func(option, member string) string {
		if json {
			return member
		}
		return option
	}
	switch s.Type {
	case "null", "vc", "pty", "stdio":
		return s.Type, p
	case "file":
		path, mode := s.Path, s.Append
		if !c.direct {
			path, mode = b.passFile("chardev-file", c, s.Path, s.Append, "-source"), domain.On
		}
		return "file", p.Str(either("path", "out"), path).Switch("append", mode)
	case "pipe":
		return "pipe", p.Str(either("path", "device"), s.Path)
	case "dev":
		kind = "serial"
		if len(c.alias) > 12 && c.alias[:12] == "charparallel" {
			kind = "parallel"
		}
		return kind, p.Str(either("path", "device"), s.Path)
	case "unix":
		return "socket", b.unixProps(p, c, json)
	case "tcp":
		return "socket", b.tcpProps(p, c, json, creds)
	case "udp":
		return "udp", udpProps(p, s, json)
	case "spicevmc":
		return s.Type, p.Str(either("name", "type"), spicevmcName(c))
	case "spiceport":
		return s.Type, p.Str(either("name", "fqdn"), s.Channel)
	case "dbus":
		return s.Type, p.Str("name", s.Channel)
	case "qemu-vdagent":
		if !json {
			p.Str("name", "vdagent")
		}
		p.Switch("clipboard", s.Clipboard)
		if s.Mouse != "" {
			p.Bool("mouse", s.Mouse == "client")
		}
		return s.Type, p
	}
	b.unsupported("unsupported chardev '%s'", s.Type)
	return "", nil
}

// inetProps adds an internet address; prefix is that of the option form.
func inetProps(p *Props, json bool, field, prefix, host, service string) {
	switch {
	case json:
		data := props("host", host, "port", service)
		p.Obj(field, props("type", "inet").Obj("data", data))
	case prefix == "":
		p.Str("host", host).Str("port", service)
	default:
		p.Str(prefix+"addr", host).Str(prefix+"port", service)
	}
}

func (b *builder) unixProps(p *Props, c chardevSpec, json bool) *Props {
	s := c.source
	passed := s.Listen && !c.direct
	path := s.Path
	if passed {
		path = b.passNumber(Pass{Kind: "chardev-listen", Path: s.Path, Alias: c.device})
	}
	switch {
	case json && passed:
		p.Obj("addr", props("type", "fd").Obj("data", props("str", path)))
	case json:
		p.Obj("addr", props("type", "unix").Obj("data", props("path", path)))
	case passed:
		p.Str("fd", path)
	default:
		p.Str("path", path)
	}
	b.serverProps(p, c, json)
	if !passed {
		b.reconnectProps(p, s.Reconnect)
	}
	return p
}

// serverProps tells who connects to whom.
func (b *builder) serverProps(p *Props, c chardevSpec, json bool) {
	switch {
	case c.source.Listen:
		p.Bool("server", true)
		if !c.wait {
			p.Bool("wait", false)
		}
	case json:
		p.Bool("server", false)
	}
}

func (b *builder) reconnectProps(p *Props, r domain.Reconnect) {
	if !r.Enabled.Given() {
		return
	}
	seconds := uint64(0)
	if r.Enabled == domain.Yes {
		seconds = uint64(r.Timeout)
	}
	if b.has("chardev-reconnect-miliseconds") {
		p.Uint("reconnect-ms", seconds*1000)
		return
	}
	p.Uint("reconnect", seconds)
}

func (b *builder) tcpProps(p *Props, c chardevSpec, json bool, creds string) *Props {
	s := c.source
	inetProps(p, json, "addr", "", s.Host, s.Service)
	telnet := s.Protocol == "telnet"
	if telnet || json {
		p.Bool("telnet", telnet)
	}
	b.serverProps(p, c, json)
	b.reconnectProps(p, s.Reconnect)
	return p.OptStr("tls-creds", creds)
}

func udpProps(p *Props, s *domain.ChardevSource, json bool) *Props {
	inetProps(p, json, "remote", "", s.Host, s.Service)
	if !json || s.BindHost != "" || s.BindService != "" {
		service := s.BindService
		if service == "" {
			service = "0"
		}
		inetProps(p, json, "local", "local", s.BindHost, service)
	}
	return p
}

// chardevLog adds the file that what the guest writes is copied to.
func (b *builder) chardevLog(p *Props, c chardevSpec) {
	s := c.source
	if s.LogFile == "" {
		return
	}
	path, mode := s.LogFile, s.LogAppend
	if !c.direct {
		path, mode = b.passFile("chardev-log", c, s.LogFile, s.LogAppend, "-log"), domain.On
	}
	p.Str("logfile", path).Switch("logappend", mode)
}

// passFile opens a file for QEMU and gives the path by which QEMU finds it.
func (b *builder) passFile(kind string, c chardevSpec, path string, mode domain.Tristate, suffix string) string {
	set := strconv.Itoa(b.fdset())
	b.addFD(set, Pass{Kind: kind, Path: path, Alias: c.device, Append: mode == domain.On}, c.device+suffix)
	return "/dev/fdset/" + set
}

// passNumber opens something for QEMU and gives its number as text.
func (b *builder) passNumber(p Pass) string {
	fd, err := b.env.Pass(p)
	if err != nil {
		b.fail(err)
	}
	return strconv.Itoa(fd)
}

// fdset numbers QEMU's sets of descriptors; those of disks come first.
func (b *builder) fdset() int {
	if b.sets == nil {
		b.sets = new(int)
		*b.sets = len(NumberNodes(b.doc).Sets)
	}
	n := *b.sets
	*b.sets++
	return n
}

// spicevmcName says what a client of spice finds behind the device.
func spicevmcName(c chardevSpec) string {
	switch {
	case len(c.device) >= 5 && c.device[:5] == "redir":
		return "usbredir"
	case len(c.device) >= 9 && c.device[:9] == "smartcard":
		return "smartcard"
	}
	return "vdagent"
}
