package qemu

import (
	"os"
	"path/filepath"
	"slices"

	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/domain"
	"virtree.dev/actors/qemu/keycode"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virtype"
	xml "virtree.dev/protocol/xml/domain"
)

func (d *Driver) consoleHandlers(t *dispatch.Table) {
	dispatch.Handle(t, remote.ProcDomainOpenConsole, dispatch.Worker, d.openConsole)
	dispatch.Handle(t, remote.ProcDomainOpenChannel, dispatch.Worker, d.openChannel)
	dispatch.Handle(t, remote.ProcDomainScreenshot, dispatch.Worker, d.screenshot)
	dispatch.Handle(t, remote.ProcDomainSendKey, dispatch.Worker, d.sendKey)
}

// orNull shows an absent string as libvirt's messages do.
func orNull(s *string) string {
	if s == nil {
		return "<null>"
	}
	return *s
}

func (d *Driver) openConsole(c *dispatch.Call, a *remote.DomainOpenConsoleArgs) (*dispatch.Void, error) {
	if err := checkFlags(c, a.Flags, virtype.DomainConsoleSafe|virtype.DomainConsoleForce); err != nil {
		return nil, err
	}
	o, err := d.running(a.Dom)
	if err != nil {
		return nil, err
	}
	dev := findConsole(o.Def, a.DevName)
	if dev == nil {
		return nil, errInternal("cannot find character device %s", orNull(a.DevName))
	}
	if dev.Source.Type != "pty" {
		name := dev.Alias
		if a.DevName != nil {
			name = *a.DevName
		}
		return nil, errInternal("character device %s is not using a PTY", name)
	}
	path := dev.Source.Path
	force := a.Flags&virtype.DomainConsoleForce != 0
	return nil, d.connect(c, path, force, "Active console session exists for this domain",
		func() (device, error) { return openTerminal(path) })
}

// connect makes a device the backend of the call's stream.
func (d *Driver) connect(c *dispatch.Call, path string, force bool, taken string, open func() (device, error)) error {
	dev, ok, err := d.consoles.take(path, force, open)
	switch {
	case err != nil:
		return errSystem(err, "Unable to open stream for '%s'", path)
	case !ok:
		return errFailed("%s", taken)
	}
	if err := c.Stream(dev); err != nil {
		_ = dev.Close()
		return err
	}
	return nil
}

// findConsole finds a character device by alias; without one the first that there is.
func findConsole(def *xml.Domain, alias *string) *xml.Chardev {
	v := &def.Devices
	if alias == nil {
		if first := slices.Concat(v.Consoles, v.Serials); len(first) > 0 {
			return first[0]
		}
		return nil
	}
	for _, dev := range slices.Concat(v.Consoles, v.Serials, v.Parallels) {
		if dev.Alias == *alias {
			return dev
		}
	}
	return nil
}

func (d *Driver) openChannel(c *dispatch.Call, a *remote.DomainOpenChannelArgs) (*dispatch.Void, error) {
	if err := checkFlags(c, a.Flags, virtype.DomainChannelForce); err != nil {
		return nil, err
	}
	o, err := d.running(a.Dom)
	if err != nil {
		return nil, err
	}
	dev := findChannel(o.Def, a.Name)
	if dev == nil {
		return nil, errInternal("cannot find channel %s", orNull(a.Name))
	}
	if dev.Source.Type != "unix" {
		name := dev.Alias
		if a.Name != nil {
			name = *a.Name
		}
		return nil, errInternal("channel %s is not using a UNIX socket", name)
	}
	path := dev.Source.Path
	force := a.Flags&virtype.DomainChannelForce != 0
	return nil, d.connect(c, path, force, "Active channel stream exists for this domain",
		func() (device, error) { return openSocket(path) })
}

func findChannel(def *xml.Domain, name *string) *xml.Chardev {
	for _, dev := range def.Devices.Channels {
		if name == nil || dev.Alias == *name || dev.TargetType == "virtio" && dev.Name == *name {
			return dev
		}
	}
	return nil
}

func (d *Driver) screenshot(c *dispatch.Call, a *remote.DomainScreenshotArgs) (*remote.DomainScreenshotRet, error) {
	if err := checkFlags(c, a.Flags, 0); err != nil {
		return nil, err
	}
	mime := ""
	err := d.active(c, a.Dom, domain.JobQuery, func(h handle) error {
		f, kind, err := takeScreenshot(c, h, int(a.Screen))
		if err != nil {
			return err
		}
		mime = kind
		if err := c.Stream(readOnly{f}); err != nil {
			f.Close()
			return err
		}
		return nil
	})
	return &remote.DomainScreenshotRet{Mime: &mime}, err
}

// readOnly is a file that a client may not write to.
type readOnly struct{ *os.File }

func (readOnly) Write([]byte) (int, error) { return 0, os.ErrPermission }

// takeScreenshot lets QEMU write a picture, and gives it as a file that has no name any more.
func takeScreenshot(c *dispatch.Call, h handle, screen int) (f *os.File, mime string, err error) {
	def := h.object.Def
	if len(def.Devices.Videos) == 0 {
		return nil, "", errInvalid("no screens to take screenshot from")
	}
	args := map[string]any{}
	if screen != 0 {
		video, head := videoOf(def, screen)
		if video == nil {
			return nil, "", errInvalid("no such screen ID")
		}
		args["device"], args["head"] = video.Alias, head
	}
	tmp, err := os.CreateTemp(h.object.Status.LibDir, "qemu.screendump.")
	if err != nil {
		return nil, "", errSystem(err, "cannot create a file in %s", filepath.Dir(h.object.Status.LibDir))
	}
	defer os.Remove(tmp.Name())
	defer tmp.Close()
	args["filename"] = tmp.Name()
	mime = "image/x-portable-pixmap"
	if h.hasCap("screenshot-format-png") {
		args["format"], mime = "png", "image/png"
	}
	if _, err := h.monitor(c, "screendump", args, nil); err != nil {
		return nil, "", err
	}
	f, err = os.Open(tmp.Name())
	if err != nil {
		return nil, "", errFailed("unable to open stream")
	}
	return f, mime, nil
}

// videoOf finds the card and the head of a screen.
func videoOf(def *xml.Domain, screen int) (*xml.Video, int) {
	for _, v := range def.Devices.Videos {
		if screen < int(v.Heads) {
			return v, screen
		}
		screen -= int(v.Heads)
	}
	return nil, 0
}

// hasCap says whether the machine's QEMU has a capability, by libvirt's name for it.
func (h handle) hasCap(name string) bool {
	return h.object.Status != nil && slices.Contains(h.object.Status.QEMUCaps, name)
}

func (d *Driver) sendKey(c *dispatch.Call, a *remote.DomainSendKeyArgs) (*dispatch.Void, error) {
	if err := checkFlags(c, a.Flags, 0); err != nil {
		return nil, err
	}
	set := keycode.Set(a.Codeset)
	keys := make([]map[string]any, 0, len(a.Keycodes))
	for _, code := range a.Keycodes {
		n, ok := keycode.ToQnum(set, code)
		if !ok {
			return nil, errInternal("cannot translate keycode %d of %s codeset to qnum keycode", code, set)
		}
		keys = append(keys, map[string]any{"type": "number", "data": n})
	}
	return nil, d.active(c, a.Dom, domain.JobModify, func(h handle) error {
		args := map[string]any{"keys": keys}
		if a.Holdtime != 0 {
			args["hold-time"] = a.Holdtime
		}
		_, err := h.monitor(c, "send-key", args, nil)
		return err
	})
}
