package command

import (
	"fmt"
	"strings"

	"virtree.dev/protocol/xml/domain"
)

const (
	firstVNCPort = 5900
	lastVNCPort  = 65535
)

func (b *builder) graphics() {
	for i, g := range b.doc.Devices.Graphics {
		switch g.Type {
		case "sdl":
			b.sdl(g)
		case "vnc":
			b.vnc(g, i)
		case "spice":
			b.spice(g)
		case "egl-headless":
			o := &optionList{}
			o.WriteString("egl-headless")
			o.add("rendernode", escape(g.RenderNode))
			b.arg("-display", o.String())
		case "dbus":
			b.dbus(g)
		case "rdp": // a server beside QEMU shows what its D-Bus display has
		default:
			b.unsupported("unsupported graphics type '%s'", g.Type)
		}
	}
}

func (b *builder) sdl(g *domain.Graphics) {
	if g.XAuth != "" {
		b.setenv("XAUTHORITY", g.XAuth)
	}
	if g.Display != "" {
		b.setenv("DISPLAY", g.Display)
	}
	if g.Fullscreen {
		b.arg("-full-screen")
	}
	o := &optionList{}
	o.WriteString("sdl")
	o.add("gl", g.GL.OnOff())
	b.arg("-display", o.String())
}

func (b *builder) dbus(g *domain.Graphics) {
	o := &optionList{}
	o.WriteString("dbus")
	if g.P2P {
		o.add("p2p", "on")
	} else {
		o.add("addr", escape(g.Address))
	}
	o.add("gl", g.GL.OnOff())
	o.add("rendernode", escape(g.RenderNode))
	if g.AudioID > 0 {
		o.add("audiodev", b.audioName(g.AudioID))
	}
	b.arg("-display", o.String())
}

func (b *builder) vnc(g *domain.Graphics, index int) {
	o := &optionList{}
	if len(g.Listens) == 0 {
		b.internal("missing listen element")
		return
	}
	switch l := &g.Listens[0]; l.Type {
	case "socket":
		o.WriteString("vnc=unix:" + escape(l.Socket))
	case "none":
		o.WriteString("none")
	default:
		if !g.AutoPort && (g.Port < firstVNCPort || g.Port > lastVNCPort) {
			b.unsupported("vnc port must be in range [%d,%d]", firstVNCPort, lastVNCPort)
			return
		}
		address := l.Address
		if strings.Contains(address, ":") {
			address = "[" + address + "]"
		}
		fmt.Fprintf(o, "%s:%d", address, g.Port-firstVNCPort)
		if g.WebSocket != 0 {
			fmt.Fprintf(o, ",websocket=%d", g.WebSocket)
		}
	}
	o.add("share", g.SharePolicy)
	conf := &b.env.Config.VNC
	if g.Auth.Password != nil || conf.Password != "" {
		o.add("password", "on")
	}
	if conf.TLS {
		o.add("tls-creds", b.vncTLS(index))
	}
	b.displaySASL(o, conf)
	o.add("power-control", g.PowerControl.OnOff())
	o.add("audiodev", b.audioName(g.AudioID))
	b.arg("-vnc", o.String())
	b.keymap(g)
}

func (b *builder) keymap(g *domain.Graphics) {
	if g.Keymap != "" {
		b.arg("-k", g.Keymap)
	}
}

func (b *builder) displaySASL(o *optionList, conf *Display) {
	if !conf.SASL {
		return
	}
	o.add("sasl", "on")
	if conf.SASLDir != "" {
		b.setenv("SASL_CONF_PATH", conf.SASLDir)
	}
}

// vncTLS adds the server's certificates and gives their name.
func (b *builder) vncTLS(index int) string {
	conf := &b.env.Config.VNC
	alias := fmt.Sprintf("vnc-tls-creds%d", index)
	p := props("qom-type", "tls-creds-x509", "id", alias, "dir", conf.TLSDir, "endpoint", "server")
	p.Bool("verify-peer", conf.TLSVerify)
	if conf.TLSSecret != "" {
		key := alias + "-secret0"
		b.secret(key, "tls", domain.SecretRef{UUID: conf.TLSSecret})
		p.Str("passwordid", key)
	}
	b.object(p)
	return alias
}

func (b *builder) spice(g *domain.Graphics) {
	if len(g.Listens) == 0 {
		b.internal("missing listen element")
		return
	}
	o := &optionList{}
	secure, plain := b.spiceListen(o, g)
	conf := &b.env.Config.Spice
	b.displaySASL(o, conf)
	if mouse := g.Spice.Mouse; mouse != "" {
		o.add("agent-mouse", map[string]string{"server": "off", "client": "on"}[mouse])
	}
	if g.Auth.Password == nil && conf.Password == "" {
		o.add("disable-ticketing", "on")
	}
	if secure {
		o.add("x509-dir", escape(conf.TLSDir))
	}
	b.spiceChannel(o, "default", g.Spice.DefaultMode, secure, plain)
	for _, name := range spiceChannelOrder {
		b.spiceChannel(o, name, g.Spice.Channels[name], secure, plain)
	}
	b.spiceOptions(o, g)
	o.add("seamless-migration", "on")
	b.arg("-spice", strings.TrimPrefix(o.String(), ","))
	b.keymap(g)
}

var spiceChannelOrder = []string{"main", "display", "inputs", "cursor", "playback", "record", "smartcard", "usbredir"}

// spiceListen says whether clients can connect with and without TLS.
func (b *builder) spiceListen(o *optionList, g *domain.Graphics) (secure, plain bool) {
	l := &g.Listens[0]
	switch l.Type {
	case "socket":
		o.add("unix", "on")
		o.add("addr", escape(l.Socket))
		return false, true
	case "none":
		o.add("port", "0")
		return false, true
	}
	if plain = g.Port > 0; plain {
		o.add("port", fmt.Sprint(g.Port))
	}
	if secure = g.TLSPort > 0; secure {
		o.add("tls-port", fmt.Sprint(g.TLSPort))
	}
	if plain || secure {
		o.add("addr", l.Address)
	}
	return secure, plain
}

// spiceChannel says by which connection a channel goes.
func (b *builder) spiceChannel(o *optionList, name, mode string, secure, plain bool) {
	what := mode + " channels set"
	if name == "default" {
		what = "defaultMode " + mode + " requested"
	}
	switch mode {
	case "secure":
		if !secure {
			b.unsupported("spice %s in XML configuration, but TLS connection is not available", what)
		}
		o.add("tls-channel", name)
	case "insecure":
		if !plain {
			b.unsupported("spice %s in XML configuration, but plaintext connection is not available", what)
		}
		o.add("plaintext-channel", name)
	}
}

func (b *builder) spiceOptions(o *optionList, g *domain.Graphics) {
	s := &g.Spice
	o.add("image-compression", s.Image)
	o.add("jpeg-wan-compression", s.JPEG)
	o.add("zlib-glz-wan-compression", s.ZLib)
	o.add("playback-compression", s.Playback.OnOff())
	o.add("streaming-video", s.Streaming)
	if s.CopyPaste == domain.No {
		o.add("disable-copy-paste", "on")
	}
	if s.FileTransfer == domain.No {
		o.add("disable-agent-file-xfer", "on")
	}
	if g.GL == domain.Yes {
		o.add("gl", "on")
		o.add("rendernode", escape(g.RenderNode))
	}
}
