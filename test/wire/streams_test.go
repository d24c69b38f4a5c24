package wire

import (
	"fmt"
	"os/exec"
	"testing"

	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virtype"
	"virtree.dev/protocol/wire"
	"virtree.dev/protocol/wire/wiretest"
	"virtree.dev/test/peer"
)

const emulator = "/usr/bin/qemu-system-x86_64"

func needEmulator(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath(emulator); err != nil {
		t.Skipf("needs %s (Debian: qemu-system-x86)", emulator)
	}
}

// talker is a machine with a console whose processor never runs.
func talker(name string, number int) string {
	return fmt.Sprintf(`<domain type='qemu'><name>%s</name><uuid>00000000-0000-4000-8000-%012d</uuid>
<memory unit='MiB'>32</memory><os><type arch='x86_64' machine='pc'>hvm</type></os>
<devices><emulator>%s</emulator><console type='pty'/><memballoon model='none'/></devices></domain>`, name, number, emulator)
}

// startPaused defines and starts a machine.
func startPaused(c *wiretest.Client, doc string) remote.NonnullDomain {
	c.T.Helper()
	var def remote.DomainDefineXMLRet
	if err := c.Call(remote.ProcDomainDefineXML, &remote.DomainDefineXMLArgs{XML: doc}, &def); err != nil {
		c.T.Fatal(err)
	}
	args := &remote.DomainCreateWithFlagsArgs{Dom: def.Dom, Flags: virtype.DomainStartPaused}
	if err := c.Call(remote.ProcDomainCreateWithFlags, args, nil); err != nil {
		c.T.Fatal(err)
	}
	return def.Dom
}

func lookup(c *wiretest.Client, name string) remote.NonnullDomain {
	c.T.Helper()
	var ret remote.DomainLookupByNameRet
	if err := c.Call(remote.ProcDomainLookupByName, &remote.DomainLookupByNameArgs{Name: name}, &ret); err != nil {
		c.T.Fatal(err)
	}
	return ret.Dom
}

// console opens the console of a machine and gives the header of its messages.
func (s *script) console(name string) wire.Header {
	s.T.Helper()
	s.open()
	args := &remote.DomainOpenConsoleArgs{Dom: lookup(s.Client, name), Flags: virtype.DomainConsoleForce}
	h := s.Header(remote.ProcDomainOpenConsole)
	s.Send(h, args)
	s.hear(1)
	h.Type, h.Status = wire.Stream, wire.Continue
	return h
}

// streaming does something with an open console.
func streaming(f func(s *script, h wire.Header)) func(s *script) {
	return func(s *script) { f(s, s.console("talker")) }
}

func status(h wire.Header, st wire.Status) wire.Header {
	h.Status = st
	return h
}

// streams are messages of streams, right and wrong.
var streams = []exchange{
	{name: "data, then the end", run: streaming(func(s *script, h wire.Header) {
		s.SendRaw(h, []byte("hello"))
		s.SendRaw(status(h, wire.OK), nil)
		s.hear(1)
		s.alive()
	})},
	{name: "no data at all", run: streaming(func(s *script, h wire.Header) {
		s.SendRaw(status(h, wire.OK), nil)
		s.hear(1)
		s.alive()
	})},
	{name: "abort", run: streaming(func(s *script, h wire.Header) {
		s.SendRaw(status(h, wire.Error), nil)
		s.hear(1)
		s.alive()
	})},
	{name: "abort with a payload", run: streaming(func(s *script, h wire.Header) {
		s.SendRaw(status(h, wire.Error), words(1, 2, 3))
		s.hear(1)
		s.alive()
	})},
	{name: "an unknown status", run: streaming(func(s *script, h wire.Header) {
		s.SendRaw(status(h, 7), nil)
		s.hear(1)
		s.alive()
	})},
	{name: "data behind the end", run: streaming(func(s *script, h wire.Header) {
		s.SendRaw(status(h, wire.OK), nil)
		s.SendRaw(h, []byte("late"))
		s.hear(1)
		s.alive()
	})},
	{name: "a hole in a stream without holes", run: streaming(func(s *script, h wire.Header) {
		h.Type = wire.StreamHole
		s.Send(h, &wire.Hole{Length: 4096})
		s.end()
	})},
	{name: "another serial", run: streaming(func(s *script, h wire.Header) {
		h.Serial += 1000
		s.SendRaw(h, []byte("astray"))
		s.SendRaw(status(h, wire.OK), nil)
		s.alive()
	})},
	{name: "another procedure", run: streaming(func(s *script, h wire.Header) {
		h.Procedure = remote.ProcDomainScreenshot
		s.SendRaw(status(h, wire.Error), nil)
		s.alive()
	})},
	{name: "another program", run: streaming(func(s *script, h wire.Header) {
		h.Program++
		s.SendRaw(status(h, wire.Error), nil)
		s.alive()
	})},
	{name: "calls while a stream is open", run: streaming(func(s *script, h wire.Header) {
		s.call(remote.ProcConnectGetType, nil)
		s.SendRaw(status(h, wire.OK), nil)
		s.hear(1)
		s.alive()
	})},
	{name: "a second console", run: streaming(func(s *script, _ wire.Header) {
		s.call(remote.ProcDomainOpenConsole, &remote.DomainOpenConsoleArgs{Dom: lookup(s.Client, "talker")})
		s.alive()
	})},
	{name: "close with a stream open", run: streaming(func(s *script, _ wire.Header) {
		s.call(remote.ProcConnectClose, nil)
		s.end()
	})},
	{name: "a console that is not there", run: func(s *script) {
		s.open()
		s.call(remote.ProcDomainOpenConsole, &remote.DomainOpenConsoleArgs{Dom: lookup(s.Client, "talker"), DevName: ptr("nope")})
		s.alive()
	}},
	{name: "a console of a machine that is not there", run: func(s *script) {
		s.open()
		s.call(remote.ProcDomainOpenConsole, &remote.DomainOpenConsoleArgs{Dom: nobodysDomain})
		s.alive()
	}},
	{name: "the machine ends", run: func(s *script) {
		h := s.console("mortal")
		other := wiretest.Dial(s.T, s.path)
		other.Open("")
		if err := other.Call(remote.ProcDomainDestroy, &remote.DomainDestroyArgs{Dom: lookup(other, "mortal")}, nil); err != nil {
			s.T.Fatal(err)
		}
		s.hear(1)
		s.SendRaw(status(h, wire.OK), nil)
		s.hear(1)
		s.alive()
	}},
}

func TestStreams(t *testing.T) {
	needEmulator(t)
	p := session
	p.golden = "streams.golden"
	p.prepare = func(t *testing.T, d *peer.Daemon) {
		c := wiretest.Dial(t, d.Socket())
		c.Open("")
		startPaused(c, talker("talker", 1))
		startPaused(c, talker("mortal", 2))
	}
	compare(t, p, streams)
}
