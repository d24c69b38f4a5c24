package rpc

import (
	"io"
	"net"
	"os"
	"testing"

	"virtree.dev/actors/dispatch"
	"virtree.dev/internal/sys"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/wire"
)

// swap is a call that reads a text from each file that comes, and answers with
// as many files that have the texts of the former.
func (r *rig) swap() {
	dispatch.Handle(r.table, remote.ProcDomainOpenGraphicsFD, dispatch.Worker, func(c *dispatch.Call, _ *remote.DomainOpenGraphicsFDArgs) (*dispatch.Void, error) {
		for _, f := range c.TakeFDs() {
			text, err := io.ReadAll(f)
			f.Close()
			if err != nil {
				return nil, err
			}
			out, err := textFile(string(text))
			if err != nil {
				return nil, err
			}
			c.ReplyFDs(out)
		}
		return nil, nil
	})
}

// textFile gives the end of a pipe that has a text in it.
func textFile(text string) (*os.File, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer w.Close()
	_, err = w.WriteString(text)
	return r, err
}

// files receives so many descriptors, each with a byte.
func files(t *testing.T, c *net.UnixConn, n int) []*os.File {
	t.Helper()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var got []*os.File
	control := make([]byte, sys.RightsSpace)
	for len(got) < n {
		failed := raw.Read(func(fd uintptr) bool {
			var some []*os.File
			var k int
			k, some, err = sys.Recv(int(fd), make([]byte, 1), control)
			if sys.Again(err) {
				return false
			}
			if k != 1 || len(some) != 1 {
				t.Fatalf("%d bytes, %d descriptors, %v", k, len(some), err)
			}
			got = append(got, some...)
			return true
		})
		if failed != nil {
			t.Fatal(failed)
		}
	}
	return got
}

func TestDescriptorsBothWays(t *testing.T) {
	r := newRig(t, few(nil), with((*rig).swap))
	c := r.open()
	texts := []string{"one", "two", "three"}
	for range 3 {
		h := c.Header(remote.ProcDomainOpenGraphicsFD)
		h.Type = wire.CallWithFDs
		payload := append([]byte{0, 0, 0, byte(len(texts))}, (&remote.DomainOpenGraphicsFDArgs{}).AppendXDR(nil)...)
		c.SendRaw(h, payload)
		for _, text := range texts {
			f, err := textFile(text)
			if err != nil {
				t.Fatal(err)
			}
			c.WriteFD([]byte{0}, f)
			f.Close()
		}
		f := c.Receive()
		h.Type = wire.ReplyWithFDs
		if f.Header != h || string(f.Payload) != "\x00\x00\x00\x03" {
			t.Fatalf("%+v", f)
		}
		for i, file := range files(t, c.Conn.(*net.UnixConn), len(texts)) {
			got, err := io.ReadAll(file)
			if string(got) != texts[i] || err != nil {
				t.Errorf("descriptor %d has %q, %v", i, got, err)
			}
			file.Close()
		}
	}
}

// Replies without and with descriptors keep their order, whatever waits in the queue.
func TestDescriptorsAmongOtherReplies(t *testing.T) {
	r := newRig(t, few(nil), with((*rig).hostname), with(func(r *rig) {
		dispatch.Handle(r.table, remote.ProcDomainOpenGraphicsFD, dispatch.Inline, func(c *dispatch.Call, _ *remote.DomainOpenGraphicsFDArgs) (*dispatch.Void, error) {
			f, err := textFile("x")
			c.ReplyFDs(f)
			return nil, err
		})
	}))
	c := r.open()
	var b []byte
	for range 20 {
		b, _ = wire.Append(b, c.Header(remote.ProcConnectGetHostname), nil)
		b, _ = wire.Append(b, c.Header(remote.ProcDomainOpenGraphicsFD), &remote.DomainOpenGraphicsFDArgs{})
	}
	c.Write(b)
	for i := range 40 {
		f := c.Receive()
		if f.Serial != uint32(i+2) || (f.Type == wire.ReplyWithFDs) != (i%2 == 1) {
			t.Fatalf("%d: %+v", i, f.Header)
		}
		if i%2 == 1 {
			files(t, c.Conn.(*net.UnixConn), 1)[0].Close()
		}
	}
}
