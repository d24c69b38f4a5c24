package auth

import (
	"context"
	"sync"

	"github.com/godbus/dbus/v5"
)

// systemBus is connected when it is first needed, and again when it was lost.
type systemBus struct {
	mu   sync.Mutex
	conn *dbus.Conn
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

func (b *systemBus) connect() (*dbus.Conn, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.conn != nil && b.conn.Connected() {
		return b.conn, nil
	}
	conn, err := dbus.ConnectSystemBus()
	if err != nil {
		return nil, err
	}
	b.conn = conn
	return conn, nil
}
