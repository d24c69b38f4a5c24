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

// Call implements Bus.
func (b *systemBus) Call(ctx context.Context, method string, args ...any) ([]any, error) {
	conn, err := b.connect()
	if err != nil {
		return nil, err
	}
	call := conn.Object(authorityName, authorityPath).CallWithContext(ctx, method, 0, args...)
	return call.Body, call.Err
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
