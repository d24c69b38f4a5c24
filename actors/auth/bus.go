package auth

import (
	"context"
	"net"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/godbus/dbus/v5"
)

const (
	// busAddress is where a host has its bus, unless the environment says otherwise.
	busAddress = "unix:path=/run/dbus/system_bus_socket"
	// busPatience bounds the greeting and each write: a bus that hangs is lost.
	busPatience = 10 * time.Second
	// busPause is how long nobody tries again after a failure.
	busPause = time.Second
)

// systemBus is connected when it is first needed, and again when it was lost.
type systemBus struct {
	mu     sync.Mutex
	conn   *dbus.Conn
	err    error
	failed time.Time // when err came
}

// Begin implements Bus.
func (b *systemBus) Begin(ctx context.Context, method string, args ...any) <-chan *dbus.Call {
	done := make(chan *dbus.Call, 1)
	conn, err := b.connect()
	if err != nil {
		done <- &dbus.Call{Err: err}
		return done
	}
	conn.Object(authorityName, authorityPath).GoWithContext(ctx, method, 0, done, args...)
	return done
}

// connect gives the connection. Those who wait while it fails are told so
// together, not each after a try of its own.
func (b *systemBus) connect() (*dbus.Conn, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.conn != nil && b.conn.Connected() {
		return b.conn, nil
	}
	if b.err != nil && time.Since(b.failed) < busPause {
		return nil, b.err
	}
	if b.conn, b.err = dialBus(os.Getenv("DBUS_SYSTEM_BUS_ADDRESS")); b.err != nil {
		b.failed = time.Now()
	}
	return b.conn, b.err
}

// dialBus connects to the bus at an address. Only UNIX sockets are tried with a
// deadline: no host has its bus elsewhere.
func dialBus(address string) (*dbus.Conn, error) {
	if address == "" {
		address = busAddress
	}
	path := socketOf(address)
	if path == "" {
		return dbus.Connect(address)
	}
	raw, err := net.DialTimeout("unix", path, busPatience)
	if err != nil {
		return nil, err
	}
	_ = raw.SetDeadline(time.Now().Add(busPatience))
	conn, err := dbus.NewConn(bounded{raw})
	if err != nil {
		raw.Close()
		return nil, err
	}
	if err := greet(conn); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, raw.SetReadDeadline(time.Time{})
}

func greet(conn *dbus.Conn) error {
	if err := conn.Auth(nil); err != nil {
		return err
	}
	return conn.Hello()
}

// socketOf is the path of the UNIX socket in the first address of a list, "" for
// another kind.
func socketOf(addresses string) string {
	first, _, _ := strings.Cut(addresses, ";")
	options, ok := strings.CutPrefix(first, "unix:")
	if !ok {
		return ""
	}
	for option := range strings.SplitSeq(options, ",") {
		key, text, _ := strings.Cut(option, "=")
		value, err := url.PathUnescape(text)
		switch {
		case err != nil:
			return ""
		case key == "path":
			return value
		case key == "abstract":
			return "@" + value
		}
	}
	return ""
}

// bounded gives up a write that takes too long.
type bounded struct{ net.Conn }

// Write implements io.Writer.
func (b bounded) Write(p []byte) (int, error) {
	if err := b.SetWriteDeadline(time.Now().Add(busPatience)); err != nil {
		return 0, err
	}
	return b.Conn.Write(p)
}
