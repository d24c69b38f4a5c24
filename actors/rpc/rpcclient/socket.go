package rpcclient

import (
	"os"
	"syscall"

	"virtree.dev/internal/sys"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/wire"
)

// send writes a frame, and each file with a byte of its own behind it.
func (c *Client) send(frame []byte, files []*os.File) error {
	if _, err := c.conn.Write(frame); err != nil {
		return broken(err, "Cannot write data")
	}
	for _, f := range files {
		var failure error
		err := c.raw.Write(func(fd uintptr) bool {
			failure = sys.SendRight(int(fd), 0, f)
			return !sys.Again(failure)
		})
		if err == nil {
			err = failure
		}
		if err != nil {
			return broken(err, "Failed to send file descriptor")
		}
	}
	return nil
}

// next reads a frame, and the descriptors that follow it.
func (c *Client) next() (h wire.Header, payload []byte, files []*os.File, err error) {
	head := make([]byte, wire.LengthSize)
	if err = c.fill(head); err != nil {
		return h, nil, nil, err
	}
	n, err := wire.Length(head)
	if err != nil {
		return h, nil, nil, newFault("%s", err.Error())
	}
	frame, err := c.body(head, n)
	if err != nil {
		return h, nil, nil, err
	}
	if h, payload, err = wire.Parse(frame); err != nil {
		return h, nil, nil, newFault("%s", err.Error())
	}
	if h.WithFDs() {
		payload, files, err = c.descriptors(payload)
	}
	return h, payload, files, err
}

// firstRead bounds what is made ready for a frame before any of it is there.
const firstRead = 64 << 10

// body reads what follows the length of a frame.
func (c *Client) body(head []byte, n int) ([]byte, error) {
	frame := head
	for len(frame) < n {
		at := len(frame)
		frame = append(frame, make([]byte, min(n-at, max(firstRead, at)))...)
		if err := c.fill(frame[at:]); err != nil {
			return nil, err
		}
	}
	return frame, nil
}

// descriptors takes the number of them from a payload, and then each with its byte.
func (c *Client) descriptors(payload []byte) (rest []byte, files []*os.File, err error) {
	n, rest, err := wire.NumFDs(payload)
	if err != nil {
		return nil, nil, err
	}
	for range n {
		var b [1]byte
		got, came, err := c.read(b[:])
		files = append(files, came...)
		if err == nil && (got != 1 || len(came) != 1) {
			err = newFault("Unable to receive the file descriptors of a message")
		}
		if err != nil {
			closeAll(files)
			return nil, nil, err
		}
	}
	return rest, files, nil
}

// fill reads as many bytes as p takes; a descriptor has no place among them.
func (c *Client) fill(p []byte) error {
	for len(p) > 0 {
		n, files, err := c.read(p)
		closeAll(files)
		if err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}

// read reads once; the end of the connection is an error.
func (c *Client) read(p []byte) (n int, files []*os.File, err error) {
	var failure error
	err = c.raw.Read(func(fd uintptr) bool {
		n, files, failure = sys.Recv(int(fd), p, c.control)
		return !sys.Again(failure)
	})
	switch {
	case err != nil:
	case failure != nil:
		err = failure
	case n == 0:
		closeAll(files)
		return 0, nil, virerr.System(virerr.FromRPC, syscall.EIO, "End of file while reading data")
	}
	if err != nil {
		closeAll(files)
		return 0, nil, broken(err, "Cannot recv data")
	}
	return n, files, nil
}
