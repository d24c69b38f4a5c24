package qemu

import (
	"context"
	"os"
	"os/exec"
	"strings"

	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/qemu/caps"
	"virtree.dev/actors/qemu/defaults"
	"virtree.dev/actors/qemu/firmware"
	"virtree.dev/actors/qemu/validation"
	xml "virtree.dev/protocol/xml/domain"
	"virtree.dev/protocol/xml/xmltree"
)

// firmwareDirs hold the descriptors of firmware images, the strongest last.
var firmwareDirs = []string{"/usr/share/qemu/firmware", "/etc/qemu/firmware"}

// defaultsHost is what the defaults of documents depend on here.
func (d *Driver) defaultsHost() *defaults.Host {
	warn := func(err error) { d.log.Warn(err.Error()) }
	pairs := defaultPairs
	if d.config.NVRAM != nil {
		pairs = nil
		for _, entry := range d.config.NVRAM {
			if code, vars, ok := strings.Cut(entry, ":"); ok {
				pairs = append(pairs, firmware.Pair{Code: code, Vars: vars})
			}
		}
	}
	return &defaults.Host{
		Emulator:        defaultEmulator,
		Firmware:        firmware.Host{Descriptors: firmware.Load(warn, firmwareDirs...), Pairs: pairs, NVRAMDir: d.files.NVRAM},
		PCI:             hostPCI{d.host},
		Processor:       d.processor,
		ChannelDir:      d.files.ChannelTarget,
		LibDir:          d.files.Lib,
		NVRAMDir:        d.files.NVRAM,
		VNCAudio:        d.config.VNC.HostAudio,
		NoGraphicsAudio: d.config.NographicsAudio,
		AudioDriver:     os.Getenv("QEMU_AUDIO_DRV"),
		SDLDriver:       os.Getenv("SDL_AUDIODRIVER"),
	}
}

// defaultPairs are the images known before firmware had descriptors.
var defaultPairs = []firmware.Pair{
	{Code: "/usr/share/AAVMF/AAVMF_CODE.fd", Vars: "/usr/share/AAVMF/AAVMF_VARS.fd"},
	{Code: "/usr/share/AAVMF/AAVMF32_CODE.fd", Vars: "/usr/share/AAVMF/AAVMF32_VARS.fd"},
	{Code: "/usr/share/OVMF/OVMF_CODE.fd", Vars: "/usr/share/OVMF/OVMF_VARS.fd"},
	{Code: "/usr/share/OVMF/OVMF_CODE.secboot.fd", Vars: "/usr/share/OVMF/OVMF_VARS.fd"},
}

// defaultEmulator finds the binary for an architecture; empty when there is none.
func defaultEmulator(arch string) string { return caps.Emulator(caps.HostArch(), arch) }

// inPath finds a program; empty when there is none.
func inPath(name string) string {
	path, err := exec.LookPath(name)
	if err != nil {
		return ""
	}
	return path
}

// parse reads a document and completes it.
func (d *Driver) parse(ctx context.Context, text []byte, o xml.ParseOptions) (*xml.Domain, error) {
	raw := o
	raw.SkipPostParse, raw.SkipValidate, raw.DefaultArch = true, true, caps.HostArch()
	raw.DefaultSecModel = d.security.Models()[0]
	def, err := xml.Parse(text, raw)
	if err != nil {
		return nil, err
	}
	_, err = d.complete(ctx, def, o)
	return def, err
}

// complete gives a document what libvirt's defaults give it, and checks it. A
// document from the disk is forgiven that its binary is gone: the start will say so.
func (d *Driver) complete(ctx context.Context, def *xml.Domain, o xml.ParseOptions) (*caps.Caps, error) {
	if err := defaults.Emulator(def, d.defaults); err != nil {
		return nil, err
	}
	c, err := d.binaries.Get(ctx, def.Devices.Emulator)
	if err != nil {
		if !o.ABIUpdate {
			return nil, nil
		}
		return nil, err
	}
	c = d.adjusted(c, def)
	err = defaults.Apply(def, c, d.defaults, defaults.Options{ABIUpdate: o.ABIUpdate, Inactive: o.Inactive})
	if err != nil {
		return nil, err
	}
	if o.SkipValidate {
		return c, nil
	}
	return c, validation.Check(def, c, d.checks())
}

// adjusted is what a binary can do by qemu.conf and by the document's own word.
func (d *Driver) adjusted(c *caps.Caps, def *xml.Domain) *caps.Caps {
	var add, take []string
	take = append(take, d.config.CapabilityFilters...)
	if def.QEMU != nil {
		add, take = def.QEMU.CapsAdd, append(take, def.QEMU.CapsDel...)
	}
	if len(add)+len(take) == 0 {
		return c
	}
	return c.Adjusted(add, take)
}

// parseDocument reads a client's document for a new definition.
func (d *Driver) parseDocument(c *dispatch.Call, text string, validate bool) (def *xml.Domain, err error) {
	err = c.Wait(func() error {
		o := xml.ParseOptions{Inactive: true, ABIUpdate: true}
		if validate {
			o.Schema = func(root *xmltree.Node) error { return d.schemas.Validate(c, "domain.rng", root) }
		}
		def, err = d.parse(c, []byte(text), o)
		return err
	})
	return def, err
}

// copyDocument makes a copy that shares nothing with the original.
func (d *Driver) copyDocument(def *xml.Domain) (*xml.Domain, error) {
	text := def.Format(xml.FormatOptions{Secure: true, Inactive: true})
	return xml.Parse([]byte(text), xml.ParseOptions{SkipValidate: true, SkipPostParse: true, Inactive: true})
}
