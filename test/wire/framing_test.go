package wire

import (
	"encoding/binary"

	"virtree.dev/protocol/keepalive"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/wire"
)

// words is a sequence of big-endian numbers of four bytes.
func words(v ...uint32) []byte {
	var b []byte
	for _, w := range v {
		b = binary.BigEndian.AppendUint32(b, w)
	}
	return b
}

// sends is a client that only sends these bytes, then waits to be thrown out.
func sends(b []byte) func(s *script) {
	return func(s *script) {
		s.Write(b)
		s.end()
	}
}

// framing are frames that are wrong, or odd, as frames.
var framing = []exchange{
	{name: "length 0", run: sends(words(0))},
	{name: "length 3", run: sends(words(3))},
	{name: "length 4, nothing behind it", run: sends(words(4))},
	{name: "length 5", run: sends(append(words(5), 0))},
	{name: "length 27, one byte less than a header", run: sends(append(words(27), make([]byte, 23)...))},
	{name: "length 1 over the bound", run: sends(words(wire.MaxFrame + 1))},
	{name: "length 0xffffffff", run: sends(words(0xffffffff))},
	{name: "half a length, then the end", run: func(s *script) {
		s.Write([]byte{0, 0})
		_ = s.CloseWrite()
		s.end()
		s.again()
		s.alive()
	}},
	{name: "half a frame, then the end", run: func(s *script) {
		b, _ := wire.Append(nil, s.Header(remote.ProcAuthList), nil)
		s.Write(b[:20])
		_ = s.CloseWrite()
		s.end()
		s.again()
		s.alive()
	}},
	{name: "byte by byte", run: func(s *script) {
		b, _ := wire.Append(nil, s.Header(remote.ProcAuthList), nil)
		for i := range b {
			s.Write(b[i : i+1])
		}
		s.hear(1)
		s.alive()
	}},
	{name: "two calls in one write, the second in halves", run: func(s *script) {
		b, _ := wire.Append(nil, s.Header(remote.ProcAuthList), nil)
		b, _ = wire.Append(b, s.Header(remote.ProcAuthList), nil)
		s.Write(b[:40])
		s.hear(1)
		s.Write(b[40:])
		s.hear(1)
		s.alive()
	}},
	{name: "1000 calls in one write", run: func(s *script) {
		var b []byte
		for range 1000 {
			b, _ = wire.Append(b, s.Header(remote.ProcAuthList), nil)
		}
		s.Write(b)
		seen := map[uint32]bool{}
		for range 1000 {
			f := s.Receive()
			if f.Status == wire.OK && len(f.Payload) == 8 {
				seen[f.Serial] = true
			}
		}
		s.say("%d answers", len(seen))
		s.alive()
	}},
}

// typed sends a frame of a type and a status and expects no answer.
func typed(t wire.Type, st wire.Status) func(s *script) {
	return func(s *script) {
		h := s.Header(remote.ProcAuthList)
		h.Type, h.Status = t, st
		s.Send(h, nil)
		s.alive()
	}
}

// headed sends a call whose header was changed and hears the answer.
func headed(change func(h *wire.Header)) func(s *script) {
	return func(s *script) {
		h := s.Header(remote.ProcAuthList)
		change(&h)
		s.Send(h, nil)
		s.hear(1)
		s.alive()
	}
}

// unheard is the same where there is no answer.
func unheard(change func(h *wire.Header)) func(s *script) {
	return func(s *script) {
		h := s.Header(remote.ProcAuthList)
		change(&h)
		s.Send(h, nil)
		s.alive()
	}
}

// headers are frames whose header says something odd.
var headers = []exchange{
	{name: "unknown program", run: headed(func(h *wire.Header) { h.Program = 4711 })},
	{name: "unknown program, high bit", run: headed(func(h *wire.Header) { h.Program, h.Version = 0xfffffffe, 0xffffffff })},
	{name: "unknown program, message", run: unheard(func(h *wire.Header) { h.Program, h.Type = 4711, wire.Message })},
	{name: "unknown program, stream", run: unheard(func(h *wire.Header) { h.Program, h.Type, h.Status = 4711, wire.Stream, wire.Continue })},
	{name: "unknown program, status error", run: headed(func(h *wire.Header) { h.Program, h.Status = 4711, wire.Error })},
	{name: "unknown version", run: headed(func(h *wire.Header) { h.Version = 2 })},
	{name: "version 0", run: headed(func(h *wire.Header) { h.Version = 0 })},
	{name: "version 2, reply", run: unheard(func(h *wire.Header) { h.Version, h.Type = 2, wire.Reply })},
	{name: "type reply", run: typed(wire.Reply, wire.OK)},
	{name: "type reply, status error", run: typed(wire.Reply, wire.Error)},
	{name: "type message", run: typed(wire.Message, wire.OK)},
	{name: "type stream, no stream", run: typed(wire.Stream, wire.Continue)},
	{name: "type stream, end of no stream", run: typed(wire.Stream, wire.OK)},
	{name: "type stream, abort of no stream", run: typed(wire.Stream, wire.Error)},
	{name: "type hole, no stream", run: typed(wire.StreamHole, wire.Continue)},
	{name: "type 7", run: typed(7, wire.OK)},
	{name: "type 0xffffffff", run: typed(0xffffffff, wire.OK)},
	{name: "status error", run: headed(func(h *wire.Header) { h.Status = wire.Error })},
	{name: "status continue", run: headed(func(h *wire.Header) { h.Status = wire.Continue })},
	{name: "status 3", run: headed(func(h *wire.Header) { h.Status = 3 })},
	{name: "status 0xffffffff", run: headed(func(h *wire.Header) { h.Status = 0xffffffff })},
	{name: "procedure 0", run: headed(func(h *wire.Header) { h.Procedure = 0 })},
	{name: "procedure -1", run: headed(func(h *wire.Header) { h.Procedure = -1 })},
	{name: "procedure of an event", run: headed(func(h *wire.Header) { h.Procedure = remote.ProcDomainEventLifecycle })},
	{name: "procedure 454", run: headed(func(h *wire.Header) { h.Procedure = 454 })},
	{name: "procedure 99999", run: headed(func(h *wire.Header) { h.Procedure = 99999 })},
	{name: "greatest procedure", run: headed(func(h *wire.Header) { h.Procedure = 0x7fffffff })},
	{name: "least procedure", run: headed(func(h *wire.Header) { h.Procedure = -0x80000000 })},
	{name: "serial 0", run: headed(func(h *wire.Header) { h.Serial = 0 })},
	{name: "greatest serial", run: headed(func(h *wire.Header) { h.Serial = 0xffffffff })},
	{name: "a serial twice", run: func(s *script) {
		h := s.Header(remote.ProcAuthList)
		s.Send(h, nil)
		s.Send(h, nil)
		s.hear(2)
		s.alive()
	}},
	{name: "ping", run: kept(keepalive.ProcPing, func(*wire.Header) {}, 1)},
	{name: "ping with a serial and a status", run: kept(keepalive.ProcPing, func(h *wire.Header) { h.Serial, h.Status = 77, 9 }, 1)},
	{name: "pong that nobody asked for", run: kept(keepalive.ProcPong, func(*wire.Header) {}, 0)},
	{name: "keepalive procedure 3", run: kept(3, func(*wire.Header) {}, 0)},
	{name: "ping as a call", run: kept(keepalive.ProcPing, func(h *wire.Header) { h.Type = wire.Call }, 1)},
	{name: "ping as a reply", run: kept(keepalive.ProcPing, func(h *wire.Header) { h.Type = wire.Reply }, 0)},
	{name: "ping as a stream", run: kept(keepalive.ProcPing, func(h *wire.Header) { h.Type = wire.Stream }, 0)},
	{name: "ping of version 2", run: kept(keepalive.ProcPing, func(h *wire.Header) { h.Version = 2 }, 0)},
	{name: "ping of version 2 as a call", run: kept(keepalive.ProcPing, func(h *wire.Header) { h.Version, h.Type = 2, wire.Call }, 1)},
	{name: "ping with a payload", run: func(s *script) {
		s.SendRaw(keepaliveHeader(keepalive.ProcPing), words(1, 2, 3))
		s.hear(1)
		s.alive()
	}},
}

func keepaliveHeader(proc int32) wire.Header {
	return wire.Header{Program: keepalive.ID, Version: keepalive.Version, Procedure: proc, Type: wire.Message}
}

// kept sends a frame of the keepalive program.
func kept(proc int32, change func(h *wire.Header), answers int) func(s *script) {
	return func(s *script) {
		h := keepaliveHeader(proc)
		change(&h)
		s.Send(h, nil)
		s.hear(answers)
		s.alive()
	}
}
