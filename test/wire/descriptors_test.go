package wire

import (
	"errors"
	"io"
	"os"
	"time"

	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/wire"
)

// withFile gives the end of a pipe, whose other end says when nobody holds it any more.
func withFile(s *script, f func(file *os.File)) {
	r, w, err := os.Pipe()
	if err != nil {
		s.T.Fatal(err)
	}
	defer r.Close()
	f(w)
	w.Close()
	_ = r.SetReadDeadline(time.Now().Add(30 * time.Second))
	if n, err := r.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		s.T.Errorf("the descriptor was not let go: %d, %v", n, err)
	}
}

// fdCall is a call that announces descriptors.
func fdCall(s *script, proc int32, n uint32) []byte {
	h := s.Header(proc)
	h.Type = wire.CallWithFDs
	return wire.AppendRaw(nil, h, words(n))
}

// descriptors are calls with descriptors, announced and not.
var descriptors = []exchange{
	{name: "no descriptors announced, none sent", run: func(s *script) {
		s.Write(fdCall(s, remote.ProcAuthList, 0))
		s.hear(1)
		s.alive()
	}},
	{name: "a descriptor for a call that takes none", run: func(s *script) {
		s.open()
		withFile(s, func(f *os.File) {
			s.Write(fdCall(s, remote.ProcConnectGetType, 1))
			s.WriteFD([]byte{0}, f)
			s.hear(1)
		})
		s.alive()
	}},
	{name: "32 descriptors", run: func(s *script) {
		s.open()
		withFile(s, func(f *os.File) {
			s.Write(fdCall(s, remote.ProcConnectGetType, 32))
			for range 32 {
				s.WriteFD([]byte{0}, f)
			}
			s.hear(1)
		})
		s.alive()
	}},
	{name: "33 descriptors announced", run: func(s *script) {
		s.Write(fdCall(s, remote.ProcAuthList, 33))
		s.end()
	}},
	{name: "0xffffffff descriptors announced", run: func(s *script) {
		s.Write(fdCall(s, remote.ProcAuthList, 0xffffffff))
		s.end()
	}},
	{name: "no number of descriptors", run: func(s *script) {
		h := s.Header(remote.ProcAuthList)
		h.Type = wire.CallWithFDs
		s.SendRaw(h, nil)
		s.end()
	}},
	{name: "a byte in the place of a descriptor", run: func(s *script) {
		s.Write(fdCall(s, remote.ProcAuthList, 1))
		s.Write([]byte{0})
		s.end()
	}},
	{name: "an end in the place of a descriptor", run: func(s *script) {
		s.Write(fdCall(s, remote.ProcAuthList, 2))
		withFile(s, func(f *os.File) {
			s.WriteFD([]byte{0}, f)
			_ = s.CloseWrite()
			s.end()
		})
	}},
	{name: "a descriptor that comes later, keepalives meanwhile", run: func(s *script) {
		s.open()
		s.Write(fdCall(s, remote.ProcConnectGetType, 2))
		withFile(s, func(f *os.File) {
			s.WriteFD([]byte{0}, f)
			s.WriteFD([]byte{0}, f)
			s.hear(1)
		})
		s.Send(keepaliveHeader(1), nil)
		s.hear(1)
		s.alive()
	}},
	{name: "a descriptor with an ordinary call", run: func(s *script) {
		s.open()
		withFile(s, func(f *os.File) {
			b, _ := wire.Append(nil, s.Header(remote.ProcConnectGetType), nil)
			s.WriteFD(b, f)
			s.hear(1)
		})
		s.alive()
	}},
	{name: "a stray descriptor is not taken for one that was announced", run: func(s *script) {
		s.open()
		withFile(s, func(f *os.File) {
			b, _ := wire.Append(nil, s.Header(remote.ProcConnectGetType), nil)
			s.WriteFD(b, f)
			s.hear(1)
			s.Write(fdCall(s, remote.ProcConnectGetType, 1))
			s.Write([]byte{0})
			s.end()
		})
	}},
	{name: "40 stray descriptors", run: func(s *script) {
		s.open()
		withFile(s, func(f *os.File) {
			for range 40 {
				b, _ := wire.Append(nil, s.Header(remote.ProcConnectGetType), nil)
				s.WriteFD(b, f)
				s.hear(1)
			}
		})
		s.alive()
	}},
	{
		name: "descriptors for an unknown procedure",
		run: func(s *script) {
			withFile(s, func(f *os.File) {
				s.Write(fdCall(s, 9999, 1))
				s.WriteFD([]byte{0}, f)
				s.hear(1)
				s.alive()
				s.Conn.Close() // and with it what was sent back
			})
		},
		differs: "libvirt sends the descriptors back, each with a byte that the reply does not announce, which puts the client out of step",
	},
	{name: "descriptors with a reply", run: func(s *script) {
		h := s.Header(remote.ProcAuthList)
		h.Type = wire.ReplyWithFDs
		s.SendRaw(h, words(1))
		s.alive()
	}},
}
