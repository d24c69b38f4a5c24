package rpc

import (
	"errors"
	"io"
	"os"
	"time"

	"virtree.dev/internal/sys"
	"virtree.dev/protocol/wire"
)

// input is what was read and not yet handled. Only the reader that serves the client uses it.
type input struct {
	partial []byte
	at      uint64     // place in the stream of what is handled next
	end     uint64     // place behind what was read
	files   []incoming // not yet asked for
	wants   *call      // waits for its files
	paused  bool       // the client must not be read from
	sealed  bool       // a layer of SASL opens what is read
}

// incoming is a file that came with the byte at a place of the stream.
type incoming struct {
	at   uint64
	file *os.File
}

// received notes what was read. The kernel ends a read behind a message with
// files, so that they came with its last byte; as libvirt does, one is taken.
func (in *input) received(n int, files []*os.File) {
	in.end += uint64(n)
	if len(files) == 0 {
		return
	}
	in.files = append(in.files, incoming{in.end - 1, files[0]})
	closeAll(files[1:])
}

// pass moves on. Files that came with bytes of a frame were meant for nobody.
func (in *input) pass(n int) {
	in.at += uint64(n)
	for len(in.files) > 0 && in.files[0].at < in.at {
		in.files[0].file.Close()
		in.files = in.files[1:]
	}
}

// next takes the file that comes with the next byte, nil if there is none.
func (in *input) next() *os.File {
	if len(in.files) == 0 || in.files[0].at != in.at {
		return nil
	}
	f := in.files[0].file
	in.files = in.files[1:]
	in.at++
	return f
}

func (in *input) close() {
	for _, f := range in.files {
		f.file.Close()
	}
	in.files = nil
	if in.wants != nil {
		in.wants.closeFDs()
	}
}

// read takes in what has come and handles whatever frames that makes. Where there
// may be more, or the end, that is not told by itself again.
func (c *client) read(r *reader, over bool) error {
	if c.secure.Load() != nil {
		return c.readSecured(r)
	}
	buffer := r.buffer[:]
	if c.in.wants != nil {
		buffer = buffer[:1] // a file comes with each byte
	}
	n, files, err := c.socket.Recv(buffer, r.control)
	c.in.received(n, files)
	switch {
	case sys.Again(err):
		return nil
	case err == nil && n == 0:
		return io.EOF
	case err != nil:
		return err
	}
	c.heard.Store(time.Now().UnixNano())
	if err := c.process(buffer[:n]); err != nil {
		return err
	}
	if n == len(buffer) || len(files) > 0 || over {
		c.watch(0, 0)
	}
	return nil
}

// process cuts frames and handles them; replies go out together at the end.
func (c *client) process(data []byte) error {
	c.out.cork()
	defer c.out.uncork()
	own := len(c.in.partial) > 0
	if own {
		data = append(c.in.partial, data...)
	}
	rest, err := c.cut(data)
	if err != nil {
		return err
	}
	switch {
	case len(rest) == 0:
		c.in.partial = nil
	case own:
		c.in.partial = rest
	default: // the buffer is only lent
		c.in.partial = append([]byte(nil), rest...)
	}
	return nil
}

var errNoFile = errors.New("a byte in the place of a descriptor")

// cut handles the whole frames at the beginning of data, until the client
// presses too hard or takes its leave.
func (c *client) cut(data []byte) (rest []byte, err error) {
	for !c.in.paused && !c.last.Load() {
		if c.in.wants != nil {
			if data, err = c.collect(data); err != nil || c.in.wants != nil {
				return data, err
			}
		}
		n, err := wire.Length(data)
		if err != nil || n == 0 || n > len(data) {
			return data, err
		}
		c.in.pass(n)
		if err := c.frame(data[:n]); err != nil {
			return nil, err
		}
		data = data[n:]
		if c.out.heavy.Load() {
			c.in.paused = true
		}
	}
	return data, nil
}

// collect takes the files of a call: each comes with one byte.
func (c *client) collect(data []byte) ([]byte, error) {
	w := c.in.wants
	for len(w.files) < w.fds {
		if len(data) == 0 {
			return data, nil
		}
		f := c.in.next()
		if f == nil {
			return nil, errNoFile
		}
		w.files = append(w.files, f)
		data = data[1:]
	}
	c.in.wants = nil
	c.call(w)
	return data, nil
}

// frame handles one frame, whose bytes are only lent.
func (c *client) frame(frame []byte) error {
	h, payload, err := wire.Parse(frame)
	if err != nil {
		return err
	}
	if isKeepalive(h) {
		c.keepalive(h)
		return nil
	}
	switch h.Type {
	case wire.Call:
		c.call(&call{Header: h, payload: payload})
	case wire.CallWithFDs:
		return c.callWithFDs(h, payload)
	case wire.Stream, wire.StreamHole:
		return c.streamFrame(h, payload)
	default:
		// Replies, messages and what nobody knows: dropped, as libvirt does.
	}
	return nil
}

func (c *client) callWithFDs(h wire.Header, payload []byte) error {
	n, payload, err := wire.NumFDs(payload)
	if err != nil {
		return err
	}
	k := &call{Header: h, payload: append([]byte(nil), payload...), fds: n}
	if n == 0 {
		c.call(k)
	} else {
		c.in.wants = k
	}
	return nil
}
