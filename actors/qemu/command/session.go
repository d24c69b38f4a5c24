package command

import (
	"fmt"
	"strconv"

	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/domain"
)

// environment gives QEMU folders of its own, so that libraries it uses leave the user's alone.
func (b *builder) environment() {
	b.line.Env = append(b.line.Env, b.env.Base...)
	lib := b.env.LibDir
	if !b.env.Privileged {
		b.setenv("XDG_CACHE_HOME", lib+"/.cache")
		return
	}
	b.setenv("HOME", lib)
	b.setenv("XDG_DATA_HOME", lib+"/.local/share")
	b.setenv("XDG_CACHE_HOME", lib+"/.cache")
	b.setenv("XDG_CONFIG_HOME", lib+"/.config")
}

// setenv sets a variable in the place it already has, or last.
func (b *builder) setenv(name, value string) {
	for i, v := range b.line.Env {
		if len(v) > len(name) && v[:len(name)+1] == name+"=" {
			b.line.Env[i] = name + "=" + value
			return
		}
	}
	b.line.Env = append(b.line.Env, name+"="+value)
}

// compat tells QEMU what to do about its deprecated commands.
func (b *builder) compat() {
	behavior := b.env.Config.Deprecation
	if q := b.doc.QEMU; q != nil && q.Deprecation != "" {
		behavior = q.Deprecation
	}
	switch behavior {
	case "omit":
		b.arg("-compat", props("deprecated-output", "hide").JSON())
	case "reject", "crash":
		b.arg("-compat", props("deprecated-output", "hide", "deprecated-input", behavior).JSON())
	}
}

// frozen keeps the guest from running before everything is set up.
func (b *builder) frozen() { b.arg("-S") }

// masterKey names the key that other secrets are encrypted with.
func (b *builder) masterKey() {
	b.object(props("qom-type", "secret", "id", "masterKey0", "format", "raw",
		"file", b.env.LibDir+"/master-key.aes"))
}

// persistentReservations adds the helper of this machine if anything needs it.
func (b *builder) persistentReservations() {
	for _, d := range b.doc.Devices.Disks {
		for s := d.Source; s != nil; s = s.Backing {
			if s.Reservations != nil && s.Reservations.Managed == domain.Yes {
				b.object(props("qom-type", "pr-manager-helper", "id", "pr-helper0",
					"path", b.env.LibDir+"/pr-helper0.sock"))
				return
			}
		}
	}
}

// noDefaults keeps QEMU from adding what is not asked for.
func (b *builder) noDefaults() {
	if len(b.doc.Devices.Graphics) == 0 {
		b.arg("-display", "none")
	}
	b.arg("-no-user-config", "-nodefaults")
}

// monitor is a socket that already listens.
func (b *builder) monitor() {
	fd, err := b.env.Pass(Pass{Kind: "monitor", Alias: "charmonitor"})
	if err != nil {
		b.fail(err)
		return
	}
	if b.has("chardev.json") {
		p := props("type", "socket").Obj("data", (&Props{}).
			Obj("addr", props("type", "fd").Obj("data", props("str", strconv.Itoa(fd)))).Bool("server", true).Bool("wait", false))
		b.arg("-chardev", props("id", "charmonitor").Obj("backend", p).JSON())
	} else {
		b.arg("-chardev", fmt.Sprintf("socket,id=charmonitor,fd=%d,server=on,wait=off", fd))
	}
	b.arg("-mon", "chardev=charmonitor,id=monitor,mode=control")
}

func (b *builder) incoming() {
	if b.env.Incoming != "" {
		b.arg("-incoming", b.env.Incoming)
	}
}

// passthrough adds what the document gives in QEMU's own words.
func (b *builder) passthrough() {
	q := b.doc.QEMU
	if q == nil {
		return
	}
	b.arg(q.Args...)
	for _, v := range q.Env {
		b.setenv(v.Name, v.Value)
	}
}

func (b *builder) sandbox() {
	switch {
	case !b.caps.Has("seccomp-sandbox"):
	case b.env.Config.SeccompSandbox == 0:
		b.arg("-sandbox", "off")
	default:
		b.arg("-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny")
	}
}

func (b *builder) asyncTeardown() {
	if v := b.doc.Features.AsyncTeardown; v.Given() && b.caps.Has("run-with.async-teardown") {
		b.arg("-run-with", "async-teardown="+v.OnOff())
	}
}

func (b *builder) messageTimestamp() {
	if b.env.Config.LogTimestamp {
		b.arg("-msg", "timestamp=on")
	}
}

// failXML ends the command line because the document does not make sense.
func (b *builder) failXML(format string, args ...any) {
	b.fail(virerr.New(virerr.FromQEMU, virerr.XMLError, format, args...))
}
