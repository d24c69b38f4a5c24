package wiretest

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"virtree.dev/protocol/program"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/wire"
	"virtree.dev/protocol/xdr"
)

// patience is how long a test waits for what must come.
const patience = 60 * time.Second

// Client is one connection. Its methods end the test when they fail.
type Client struct {
	T       testing.TB
	Conn    net.Conn
	Serial  uint32           // of the last call
	Program *program.Program // that calls are of; nil: the remote one
}

// Frame is a message that came.
type Frame struct {
	wire.Header
	Payload []byte
}

// Dial connects; the connection ends with the test.
func Dial(t testing.TB, path string) *Client {
	t.Helper()
	c, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	return Over(t, c)
}

// Over speaks over a connection, which ends with the test.
func Over(t testing.TB, c net.Conn) *Client {
	t.Helper()
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(patience))
	return &Client{T: t, Conn: c}
}

// Header is that of the next call of the client's program, the remote one where no other was set.
func (c *Client) Header(proc int32) wire.Header {
	c.Serial++
	p := c.Program
	if p == nil {
		p = &remote.Program
	}
	return wire.Header{Program: p.ID, Version: p.Version, Procedure: proc, Serial: c.Serial}
}

// Write sends bytes as they are.
func (c *Client) Write(b []byte) {
	c.T.Helper()
	if _, err := c.Conn.Write(b); err != nil {
		c.T.Fatal(err)
	}
}

// WriteFD sends bytes with a descriptor.
func (c *Client) WriteFD(b []byte, f *os.File) {
	c.T.Helper()
	if _, _, err := c.Conn.(*net.UnixConn).WriteMsgUnix(b, syscall.UnixRights(int(f.Fd())), nil); err != nil {
		c.T.Fatal(err)
	}
}

// CloseWrite tells the other end that nothing follows.
func (c *Client) CloseWrite() error {
	return c.Conn.(interface{ CloseWrite() error }).CloseWrite()
}

// Send sends a frame; v may be nil.
func (c *Client) Send(h wire.Header, v xdr.Value) {
	c.T.Helper()
	b, err := wire.Append(nil, h, v)
	if err != nil {
		c.T.Fatal(err)
	}
	c.Write(b)
}

// SendRaw sends a frame with these bytes for a payload.
func (c *Client) SendRaw(h wire.Header, payload []byte) {
	c.T.Helper()
	c.Write(wire.AppendRaw(nil, h, payload))
}

// Next waits for a frame. An error is the end of the connection.
func (c *Client) Next() (Frame, error) {
	_ = c.Conn.SetReadDeadline(time.Now().Add(patience))
	head := make([]byte, wire.LengthSize)
	if _, err := io.ReadFull(c.Conn, head); err != nil {
		return Frame{}, err
	}
	n, err := wire.Length(head)
	if err != nil {
		return Frame{}, err
	}
	frame := make([]byte, n)
	copy(frame, head)
	if _, err := io.ReadFull(c.Conn, frame[wire.LengthSize:]); err != nil {
		return Frame{}, err
	}
	h, payload, err := wire.Parse(frame)
	return Frame{h, payload}, err
}

// Receive waits for a frame that must come.
func (c *Client) Receive() Frame {
	c.T.Helper()
	f, err := c.Next()
	if err != nil {
		c.T.Fatal(err)
	}
	return f
}

// Closed waits for the end of the connection and says whether it came, with
// nothing before it.
func (c *Client) Closed() bool {
	_, err := c.Next()
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET)
}

// Call makes a call and gives the error it was answered
// with; ret may be nil.
func (c *Client) Call(proc int32, args, ret xdr.Value) *virerr.Error {
	c.T.Helper()
	c.Send(c.Header(proc), args)
	return c.Answer(ret)
}

// Answer waits for the reply to a call.
func (c *Client) Answer(ret xdr.Value) *virerr.Error {
	c.T.Helper()
	f := c.Receive()
	if f.Status == wire.Error {
		return f.Err(c.T)
	}
	if ret != nil {
		f.Decode(c.T, ret)
	}
	return nil
}

// Open opens a URI, "" for the daemon's own.
func (c *Client) Open(uri string) {
	c.T.Helper()
	if err := c.Call(remote.ProcConnectOpen, &remote.ConnectOpenArgs{Name: &uri}, nil); err != nil {
		c.T.Fatal(err)
	}
}

// Decode reads the whole payload.
func (f *Frame) Decode(t testing.TB, v xdr.Value) {
	t.Helper()
	d := xdr.NewDecoder(f.Payload)
	if v.DecodeXDR(d); d.End() != nil {
		t.Fatalf("%+v: %v", f.Header, d.Err())
	}
}

// Err reads the error that a frame has.
func (f *Frame) Err(t testing.TB) *virerr.Error {
	t.Helper()
	e := new(virerr.Error)
	f.Decode(t, e)
	return e
}
