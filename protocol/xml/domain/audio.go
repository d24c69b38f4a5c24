package domain

import (
	"strconv"

	"virtree.dev/protocol/xml/xmlout"
	"virtree.dev/protocol/xml/xmltree"
)

var (
	audioTypes = []string{
		"none", "alsa", "coreaudio", "jack", "oss", "pulseaudio", "sdl", "spice", "file", "dbus", "pipewire",
	}
	audioFormats = []string{"s8", "u8", "s16", "u16", "s32", "u32", "f32"}
	sdlDrivers   = []string{
		"esd", "alsa", "arts", "pulseaudio",
	}
)

// audioAttr is an attribute of a direction that only one backend has.
type audioAttr struct{ name, kind string }

// audioAttrs are the directions' attributes by backend, in the order they are written.
var audioAttrs = map[string][]audioAttr{
	"alsa":      {{"dev", "text"}},
	"coreaudio": {{"bufferCount", "number"}},
	"jack":      {{"serverName", "text"}, {"clientName", "text"}, {"connectPorts", "text"}, {"exactName", "yesno"}},
	"oss":       {{"dev", "text"}, {"bufferCount", "number"}, {"tryPoll", "yesno"}},
	"pulseaudio": {
		{"name", "text"}, {"streamName", "text"}, {"latency", "number"},
	},
	"sdl":      {{"bufferCount", "number"}},
	"pipewire": {{"name", "text"}, {"streamName", "text"}, {"latency", "number"}},
}

func (p *parser) audio(n *xmltree.Node) *Audio {
	a := &Audio{Type: p.Enum(n, "type", audioTypes, xmltree.Required)}
	a.ID, _ = p.Uint(n, "id", 10, xmltree.Required|xmltree.NonZero)
	a.TimerPeriod, _ = p.Uint(n, "timerPeriod", 10, xmltree.NonZero)
	for _, d := range []struct {
		name string
		io   *AudioIO
	}{{"input", &a.Input}, {"output", &a.Output}} {
		if c := n.Child(d.name); c != nil {
			p.audioIO(c, d.io, audioAttrs[a.Type])
		}
	}
	switch a.Type {
	case "oss":
		a.TryMMap, a.Exclusive = p.YesNo(n, "tryMMap"), p.YesNo(n, "exclusive")
		if v, ok := p.Int(n, "dspPolicy", 10, xmltree.Optional); ok {
			if a.DSPPolicy = &v; v < 0 {
				p.XMLError("cannot parse 'dspPolicy' value '%d'", v)
			}
		}
	case "pulseaudio":
		a.ServerName = n.Get("serverName")
	case "sdl":
		a.Driver = p.Enum(n, "driver", sdlDrivers, xmltree.Optional)
	case "file":
		a.Path = n.Get("path")
	case "pipewire":
		a.RuntimeDir = n.Get("runtimeDir")
	}
	return a
}

func (p *parser) audioIO(n *xmltree.Node, io *AudioIO, attrs []audioAttr) {
	io.MixingEngine, io.FixedSettings = p.YesNo(n, "mixingEngine"), p.YesNo(n, "fixedSettings")
	if io.FixedSettings == Yes && io.MixingEngine != Yes {
		p.Unsupported("fixed audio settings requires mixing engine")
	}
	io.Voices, _ = p.Uint(n, "voices", 10, xmltree.NonZero)
	io.BufferLength, _ = p.Uint(n, "bufferLength", 10, xmltree.NonZero)
	if s := n.Child("settings"); s != nil {
		if io.FixedSettings != Yes {
			p.Unsupported("audio settings specified without fixed settings flag")
		}
		io.Frequency, _ = p.Uint(s, "frequency", 10, xmltree.NonZero)
		io.Channels, _ = p.Uint(s, "channels", 10, xmltree.NonZero)
		io.Format = p.Enum(s, "format", audioFormats, xmltree.Optional)
	}
	for _, a := range attrs {
		if v := p.audioAttr(n, a); v != "" {
			if io.Backend == nil {
				io.Backend = map[string]string{}
			}
			io.Backend[a.name] = v
		}
	}
}

// audioAttr reads an attribute as it will be written; a number that is zero is none.
func (p *parser) audioAttr(n *xmltree.Node, a audioAttr) string {
	switch a.kind {
	case "number":
		if v, ok := p.Uint(n, a.name, 10, xmltree.Optional); ok && v != 0 {
			return strconv.FormatUint(uint64(v), 10)
		}
		return ""
	case "yesno":
		return p.YesNo(n, a.name).YesNo()
	}
	return n.Get(a.name)
}

func formatAudio(w *xmlout.Writer, a *Audio) {
	w.Start("audio")
	w.UintAttr("id", uint64(a.ID))
	w.Attr("type", a.Type)
	w.OptUintAttr("timerPeriod", uint64(a.TimerPeriod))
	w.OptAttr("tryMMap", a.TryMMap.YesNo())
	w.OptAttr("exclusive", a.Exclusive.YesNo())
	if a.DSPPolicy != nil {
		w.IntAttr("dspPolicy", int64(*a.DSPPolicy))
	}
	w.OptAttr("serverName", a.ServerName)
	w.OptAttr("driver", a.Driver)
	w.OptAttr("path", a.Path)
	w.OptAttr("runtimeDir", a.RuntimeDir)
	formatAudioIO(w, "input", &a.Input, audioAttrs[a.Type])
	formatAudioIO(w, "output", &a.Output, audioAttrs[a.Type])
	w.End()
}

func formatAudioIO(w *xmlout.Writer, name string, io *AudioIO, attrs []audioAttr) {
	w.Start(name)
	w.OptAttr("mixingEngine", io.MixingEngine.YesNo())
	w.OptAttr("fixedSettings", io.FixedSettings.YesNo())
	w.OptUintAttr("voices", uint64(io.Voices))
	w.OptUintAttr("bufferLength", uint64(io.BufferLength))
	for _, a := range attrs {
		w.OptAttr(a.name, io.Backend[a.name])
	}
	if io.FixedSettings == Yes {
		w.Start("settings")
		w.OptUintAttr("frequency", uint64(io.Frequency))
		w.OptUintAttr("channels", uint64(io.Channels))
		w.OptAttr("format", io.Format)
		w.End()
	}
	w.EndOrDrop()
}
