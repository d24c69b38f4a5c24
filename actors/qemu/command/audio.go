package command

import (
	"fmt"
	"os"
	"strconv"

	"virtree.dev/protocol/xml/domain"
)

// audioDrivers are QEMU's names of backends where they differ.
var audioDrivers = map[string]string{"pulseaudio": "pa", "file": "wav"}

// audioOption is an attribute of a backend's direction with QEMU's name of it.
type audioOption struct{ attr, qemu, kind string }

// audioOptions in the order of the properties.
var audioOptions = []audioOption{
	{"dev", "dev", "text"}, {"bufferCount", "buffer-count", "number"}, {"tryPoll", "try-poll", "yesno"},
	{"name", "name", "text"}, {"streamName", "stream-name", "text"}, {"latency", "latency", "number"},
	{"serverName", "server-name", "text"}, {"clientName", "client-name", "text"},
	{"connectPorts", "connect-ports", "text"}, {"exactName", "exact-name", "yesno"},
}

// audioName gives QEMU's name of an audio backend; no id stands for the first.
func (b *builder) audioName(id uint) string {
	for _, a := range b.doc.Devices.Audios {
		if id == 0 || a.ID == id {
			return fmt.Sprintf("audio%d", a.ID)
		}
	}
	b.internal("unable to find audio backend for sound device")
	return ""
}

func (b *builder) audios() {
	for _, a := range b.doc.Devices.Audios {
		driver := a.Type
		if other, ok := audioDrivers[driver]; ok {
			driver = other
		}
		p := props("id", fmt.Sprintf("audio%d", a.ID), "driver", driver)
		p.OptUint("timer-period", uint64(a.TimerPeriod))
		p.Switch("try-mmap", a.TryMMap).Switch("exclusive", a.Exclusive).OptInt("dsp-policy", a.DSPPolicy)
		p.OptStr("server", a.ServerName).OptStr("path", a.Path)
		b.audioEnvironment(a)
		if in := audioIO(&a.Input); !in.Empty() {
			p.Obj("in", in)
		}
		if out := audioIO(&a.Output); !out.Empty() {
			p.Obj("out", out)
		}
		b.arg("-audiodev", p.JSON())
	}
}

// audioEnvironment tells the libraries of a backend what QEMU has no option for.
func (b *builder) audioEnvironment(a *domain.Audio) {
	switch a.Type {
	case "sdl":
		if a.Driver != "" {
			b.setenv("SDL_AUDIODRIVER", a.Driver)
		}
	case "pipewire":
		b.passEnv("PIPEWIRE_CORE", "PIPEWIRE_CORE")
		b.passEnv("PIPEWIRE_REMOTE", "PIPEWIRE_REMOTE")
		if a.RuntimeDir != "" {
			b.setenv("PIPEWIRE_RUNTIME_DIR", a.RuntimeDir)
			return
		}
		for _, name := range []string{"PIPEWIRE_RUNTIME_DIR", "XDG_RUNTIME_DIR", "USERPROFILE"} {
			if b.passEnv(name, name) {
				return
			}
		}
	}
}

// passEnv gives QEMU a variable of ours, and says whether there is one.
func (b *builder) passEnv(from, to string) bool {
	lookup := b.env.Lookup
	if lookup == nil {
		lookup = os.LookupEnv
	}
	v, ok := lookup(from)
	if ok {
		b.setenv(to, v)
	}
	return ok
}

func audioIO(io *domain.AudioIO) *Props {
	p := &Props{}
	p.Switch("mixing-engine", io.MixingEngine).Switch("fixed-settings", io.FixedSettings)
	p.OptUint("voices", uint64(io.Voices)).OptUint("buffer-length", uint64(io.BufferLength))
	if io.FixedSettings == domain.Yes {
		p.OptUint("frequency", uint64(io.Frequency)).OptUint("channels", uint64(io.Channels)).OptStr("format", io.Format)
	}
	for _, o := range audioOptions {
		v := io.Backend[o.attr]
		switch {
		case v == "":
		case o.kind == "number":
			n, err := strconv.ParseUint(v, 10, 32)
			if err == nil {
				p.Uint(o.qemu, n)
			}
		case o.kind == "yesno":
			p.Bool(o.qemu, v == "yes")
		default:
			p.Str(o.qemu, v)
		}
	}
	return p
}

// soundModels are QEMU's names of sound cards.
var soundModels = map[string]string{
	"es1370": "ES1370", "ac97": "AC97", "ich6": "intel-hda", "usb": "usb-audio", "ich9": "ich9-intel-hda", "sb16": "sb16",
}

func (b *builder) sounds() {
	for _, s := range b.doc.Devices.Sounds {
		if s.Model == "pcspk" {
			continue // an option of the machine
		}
		b.zpci(&s.DeviceInfo)
		hda := s.Model == "ich6" || s.Model == "ich9"
		var p *Props
		if s.Model == "virtio" {
			p = b.virtioDevice("virtio-sound", "", &s.DeviceInfo, &s.Virtio)
		} else {
			p = props("driver", soundModels[s.Model])
		}
		p.Str("id", s.Alias)
		if !hda {
			p.Str("audiodev", b.audioName(s.AudioID))
		}
		p.Switch("multi", s.Multichannel).OptUint("streams", uint64(s.Streams))
		b.addressProps(p, &s.DeviceInfo)
		b.device(p)
		if hda {
			b.codecs(s)
		}
	}
}

func (b *builder) codecs(s *domain.Sound) {
	codecs := s.Codecs
	if len(codecs) == 0 {
		codecs = []string{"duplex"}
	}
	for cad, codec := range codecs {
		p := props("driver", "hda-"+codec, "id", fmt.Sprintf("%s-codec%d", s.Alias, cad), "bus", s.Alias+".0")
		b.device(p.Uint("cad", uint64(cad)).Str("audiodev", b.audioName(s.AudioID)))
	}
}
