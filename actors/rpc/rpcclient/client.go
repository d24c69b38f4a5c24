package rpcclient

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"virtree.dev/internal/sys"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/wire"
)

// Client is one connection. Its calls wait for one another.
type Client struct {
	// OnMessage takes what the peer says unasked while a call waits; nil: nothing does.
	// It is set before the first call, and must not call the client.
	OnMessage func(h wire.Header, payload []byte)

	conn *net.UnixConn
	raw  syscall.RawConn

	mu      sync.Mutex // held during a call
	serial  uint32
	control []byte // room for descriptors that come
	ended   error  // why there are no more calls
}

// Dial connects to a socket.
func Dial(ctx context.Context, path string) (*Client, error) {
	if len(path) >= maxPath {
		return nil, virerr.System(virerr.FromRPC, syscall.ENOMEM, "Path %s too long for unix socket", path)
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", path)
	if err != nil {
		return nil, refused(ctx, path, err)
	}
	unix, ok := conn.(*net.UnixConn)
	if !ok {
		conn.Close()
		return nil, &net.OpError{Op: "dial", Net: "unix", Err: net.UnknownNetworkError(conn.RemoteAddr().Network())}
	}
	raw, err := unix.SyscallConn()
	if err != nil {
		unix.Close()
		return nil, err
	}
	return &Client{conn: unix, raw: raw, control: make([]byte, sys.RightsSpace)}, nil
}

// refused is the error of a connect. Why it failed stays in the chain, for who
// would start the daemon.
func refused(ctx context.Context, path string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		errno = syscall.EINVAL
	}
	return &connectError{virerr.System(virerr.FromRPC, errno, "Failed to connect socket to '%s'", path), errno}
}

// maxPath is the room for the path of a UNIX socket.
const maxPath = 108

type connectError struct {
	told  *virerr.Error
	errno syscall.Errno
}

func (e *connectError) Error() string   { return e.told.Error() }
func (e *connectError) Unwrap() []error { return []error{e.told, e.errno} }

// Close ends the connection; a call that waits ends with it.
func (c *Client) Close() error { return c.conn.Close() }

// File gives a duplicate of the connection's descriptor, for a process that is to keep it open.
func (c *Client) File() (*os.File, error) { return c.conn.File() }

// Peer tells who is at the other end.
func (c *Client) Peer() (pid, uid, gid int, err error) { return sys.Credentials(c.raw) }

// Ended says why the connection takes no more calls; nil while it does.
func (c *Client) Ended() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ended
}

// watch lets ctx end what the connection waits for; done must be called.
func (c *Client) watch(ctx context.Context) (done func()) {
	past := time.Unix(1, 0)
	stop := context.AfterFunc(ctx, func() { _ = c.conn.SetDeadline(past) })
	return func() {
		if !stop() && c.ended == nil { // that deadline would strike the next call
			_ = c.end(ctx, ctx.Err())
		}
	}
}

// end notes that the connection is of no use any more, and gives why.
func (c *Client) end(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		err = ctx.Err()
	case errors.Is(err, net.ErrClosed):
		err = virerr.New(virerr.FromRPC, virerr.InternalError, "client socket is closed")
	}
	c.ended = err
	c.conn.Close()
	return err
}
