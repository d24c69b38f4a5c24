package domain

import (
	"regexp"
	"slices"
	"time"

	"virtree.dev/protocol/xml/xmltree"
)

var (
	graphicsTypes  = []string{"sdl", "vnc", "rdp", "desktop", "spice", "egl-headless", "dbus"}
	listenTypes    = []string{"none", "address", "network", "socket"}
	sharePolicies  = []string{"default", "allow-exclusive", "force-shared", "ignore"}
	authConnected  = []string{"fail", "disconnect", "keep"}
	spiceChannels  = []string{"main", "display", "inputs", "cursor", "playback", "record", "smartcard", "usbredir"}
	spiceModes     = []string{"any", "secure", "insecure"}
	spiceImages    = []string{"auto_glz", "auto_lz", "quic", "glz", "lz", "off"}
	spiceWhen      = []string{"auto", "never", "always"}
	spiceStreaming = []string{"filter", "all", "off"}

	validityTime = regexp.MustCompile(`^\d+-\d+-\d+T\d+:\d+:\d+$`)
)

func (p *parser) graphics(n *xmltree.Node) *Graphics {
	g := &Graphics{Type: p.Enum(n, "type", graphicsTypes, xmltree.Required)}
	switch g.Type {
	case "vnc":
		p.vnc(n, g)
	case "sdl":
		g.Fullscreen = p.YesNo(n, "fullscreen") == Yes
		g.XAuth, g.Display = n.Get("xauth"), n.Get("display")
		p.graphicsGL(n, g, true)
	case "rdp":
		p.rdp(n, g)
	case "desktop":
		g.Fullscreen = p.YesNo(n, "fullscreen") == Yes
		g.Display = n.Get("display")
	case "spice":
		p.spice(n, g)
	case "egl-headless":
		p.graphicsGL(n, g, false)
	case "dbus":
		g.P2P = p.YesNo(n, "p2p") == Yes
		g.Address = n.Get("address")
		p.graphicsGL(n, g, true)
		p.graphicsAudio(n, g)
	}
	return g
}

func (p *parser) graphicsGL(n *xmltree.Node, g *Graphics, enable bool) {
	gl := n.Child("gl")
	if gl == nil {
		return
	}
	if g.Type != "sdl" {
		g.RenderNode = gl.Get("rendernode")
	}
	if enable {
		g.GL = p.NeedYesNo(gl, "enable")
	}
}

func (p *parser) graphicsAudio(n *xmltree.Node, g *Graphics) {
	if a := n.Child("audio"); a != nil {
		g.AudioID, _ = p.Uint(a, "id", 10, xmltree.Required|xmltree.NonZero)
	}
}

func (p *parser) vnc(n *xmltree.Node, g *Graphics) {
	p.listens(n, g)
	p.displayPort(n, g)
	if g.Port == -1 && p.opts.Inactive {
		g.Port = 0
	}
	switch n.Get("autoport") {
	case "yes":
		if g.AutoPort = true; p.opts.Inactive {
			g.Port = 0
		}
	case "no":
		g.AutoPort = false
	}
	g.WebSocket, _ = p.Int(n, "websocket", 10, xmltree.Optional)
	g.WebSocketGenerated = n.Get("websocketGenerated") == "yes"
	g.SharePolicy = unset(p.Enum(n, "sharePolicy", sharePolicies, xmltree.Optional), "default")
	g.PowerControl = p.YesNo(n, "powerControl")
	g.Keymap = n.Get("keymap")
	p.graphicsAudio(n, g)
	p.graphicsAuth(n, g)
}

// displayPort reads the port; none, and the old -1, ask for any.
func (p *parser) displayPort(n *xmltree.Node, g *Graphics) {
	text, given := n.Attr("port")
	if !given {
		g.AutoPort = true
		return
	}
	v, ok := xmltree.ParseInt(text, 10, 32)
	if !ok {
		p.Internal("cannot parse %s port %s", g.Type, text)
	}
	if g.Port = int(v); g.Port == -1 {
		g.AutoPort = true
	}
}

func (p *parser) rdp(n *xmltree.Node, g *Graphics) {
	p.listens(n, g)
	p.displayPort(n, g)
	if n.Get("autoport") == "yes" {
		g.AutoPort = true
	}
	if g.AutoPort && p.opts.Inactive {
		g.Port = 0
	}
	g.ReplaceUser = n.Get("replaceUser") == "yes"
	g.MultiUser = n.Get("multiUser") == "yes"
	p.graphicsAuth(n, g)
}

func (p *parser) graphicsAuth(n *xmltree.Node, g *Graphics) {
	password, given := n.Attr("passwd")
	if !given {
		return
	}
	g.Auth.Password = &password
	g.Auth.Username = n.Get("username")
	if text, ok := n.Attr("passwdValidTo"); ok {
		g.Auth.ValidTo = p.validTo(text)
	}
	connected, ok := n.Attr("connected")
	switch {
	case !ok:
	case !slices.Contains(authConnected, connected):
		p.Unsupported("unknown connected value %s", connected)
	case g.Type == "vnc" && connected != "keep":
		p.Unsupported("VNC supports connected='keep' only")
	default:
		g.Auth.Connected = connected
	}
}

// validTo reads a time and gives it in the one form that is written.
func (p *parser) validTo(text string) string {
	const layout = "2006-01-02T15:04:05"
	at, err := time.Parse("2006-1-2T15:4:5", text)
	if !validityTime.MatchString(text) || err != nil {
		p.Internal("cannot parse password validity time '%s', expect YYYY-MM-DDTHH:MM:SS", text)
		return ""
	}
	return at.Format(layout)
}

// listens reads where a display listens. Before there was <listen>, attributes of <graphics> told it.
func (p *parser) listens(n *xmltree.Node, g *Graphics) {
	first := true
	for c := range n.Children("listen") {
		g.Listens = append(g.Listens, p.listen(c, n, first))
		first = false
	}
	old := GraphicsListen{Type: "address", Address: n.Get("listen")}
	if socket, ok := n.Attr("socket"); ok && g.Type == "vnc" {
		old = GraphicsListen{Type: "socket", Socket: socket}
	}
	switch {
	case first:
		g.Listens = []GraphicsListen{old}
	case old.Type == "socket" && (g.Listens[0].Type == "address" || g.Listens[0].Type == "network"):
		g.Listens[0] = old
	}
}

func (p *parser) listen(n, parent *xmltree.Node, first bool) GraphicsListen {
	l := GraphicsListen{Type: p.Enum(n, "type", listenTypes, xmltree.Required)}
	address, socket := n.Get("address"), n.Get("socket")
	if first {
		address = p.compat(n, parent, l.Type == "address", "address", "listen", address)
		socket = p.compat(n, parent, l.Type == "socket", "socket", "socket", socket)
	}
	if l.Type == "address" || l.Type == "network" && !p.opts.Inactive {
		l.Address = address
	}
	if l.Network = n.Get("network"); l.Network != "" && l.Type != "network" {
		p.XMLError("'network' attribute is valid only for listen type 'network'")
	}
	if l.Socket = socket; l.Socket != "" && l.Type != "socket" {
		p.XMLError("'socket' attribute is valid only for listen type 'socket'")
	}
	if p.opts.Status {
		from, _ := p.Int(n, "fromConfig", 10, xmltree.Optional)
		l.FromConfig = from != 0
		switch v := n.Get("autoGenerated"); {
		case v == "yes":
			l.AutoGenerated = true
		case v != "" && v != "no":
			p.XMLError("Invalid autoGenerated value: %s", v)
		}
	}
	return l
}

// compat takes the attribute of <graphics> for one that the first <listen> lacks; they must not differ.
func (p *parser) compat(n, parent *xmltree.Node, applies bool, name, old, value string) string {
	former, ok := parent.Attr(old)
	switch {
	case !applies || !ok:
		return value
	case n.Has(name) && value != former:
		p.Unsupported("graphics '%s' attribute '%s' must match '%s' attribute of first listen element (found '%s')",
			old, former, name, value)
		return value
	}
	return former
}

func (p *parser) spice(n *xmltree.Node, g *Graphics) {
	p.listens(n, g)
	g.Port, _ = p.Int(n, "port", 10, xmltree.Optional)
	g.TLSPort, _ = p.Int(n, "tlsPort", 10, xmltree.Optional)
	g.AutoPort = p.YesNo(n, "autoport") == Yes || g.Port == -1 && g.TLSPort == -1
	g.Spice.DefaultMode = unset(p.Enum(n, "defaultMode", spiceModes, xmltree.Optional), "any")
	if g.AutoPort && p.opts.Inactive {
		g.Port, g.TLSPort = 0, 0
	}
	g.Keymap = n.Get("keymap")
	p.graphicsAuth(n, g)
	for c := range n.Children("channel") {
		name := p.Enum(c, "name", spiceChannels, xmltree.Required)
		mode := p.Enum(c, "mode", spiceModes, xmltree.Required)
		if g.Spice.Channels == nil {
			g.Spice.Channels = map[string]string{}
		}
		g.Spice.Channels[name] = mode
	}
	p.spiceOptions(n, &g.Spice)
	p.graphicsGL(n, g, true)
}

func (p *parser) spiceOptions(n *xmltree.Node, s *SpiceOptions) {
	word := func(element, attr string, words []string, field *string) {
		if c := n.Child(element); c != nil {
			*field = p.Enum(c, attr, words, xmltree.Required)
		}
	}
	word("image", "compression", spiceImages, &s.Image)
	word("jpeg", "compression", spiceWhen, &s.JPEG)
	word("zlib", "compression", spiceWhen, &s.ZLib)
	if c := n.Child("playback"); c != nil {
		s.Playback = p.NeedOnOff(c, "compression")
	}
	word("streaming", "mode", spiceStreaming, &s.Streaming)
	if c := n.Child("clipboard"); c != nil {
		s.CopyPaste = p.NeedYesNo(c, "copypaste")
	}
	if c := n.Child("filetransfer"); c != nil {
		s.FileTransfer = p.NeedYesNo(c, "enable")
	}
	word("mouse", "mode", mouseModes, &s.Mouse)
}
