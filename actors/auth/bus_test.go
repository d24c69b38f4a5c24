package auth

import (
	"context"
	"net"
	"path/filepath"
	"testing"
)

func TestAddressesOfABus(t *testing.T) {
	for address, path := range map[string]string{
		"unix:path=/run/dbus/system_bus_socket": "/run/dbus/system_bus_socket",
		"unix:path=/a%20b,guid=1;tcp:host=x":    "/a b",
		"unix:abstract=/tmp/x,guid=1":           "@/tmp/x",
		"unix:guid=1":                           "",
		"unix:path=%zz":                         "",
		"tcp:host=localhost,port=1":             "",
		"":                                      "",
	} {
		if got := socketOf(address); got != path {
			t.Errorf("%q: %q instead of %q", address, got, path)
		}
	}
}

// A bus that ends the connection in the middle of the greeting is an error, the
// same for all that ask within a moment.
func TestABusThatHangsUp(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bus")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	tries := make(chan struct{}, 10)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			tries <- struct{}{}
			c.Close()
		}
	}()
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path="+path)
	b := &systemBus{}
	for range 2 {
		if reply := <-b.Begin(context.Background(), checkCall); reply.Err == nil {
			t.Error("it answered")
		}
	}
	if len(tries) != 1 {
		t.Errorf("%d connections", len(tries))
	}
}
