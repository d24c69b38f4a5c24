package notify

import (
	"net"
	"path/filepath"
	"testing"
)

func TestSendReachesTheManager(t *testing.T) {
	path := filepath.Join(t.TempDir(), "n")
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := send(path, Ready, nil); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 64)
	n, err := c.Read(b)
	if err != nil || string(b[:n]) != "READY=1" {
		t.Errorf("got %q, %v", b[:n], err)
	}
}

func TestWithoutAManager(t *testing.T) {
	if err := send("", Ready, nil); err != nil {
		t.Error(err)
	}
	if err := send(filepath.Join(t.TempDir(), "none"), Ready, nil); err == nil {
		t.Error("a socket that is not there: no error")
	}
}
