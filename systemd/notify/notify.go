package notify

import (
	"fmt"
	"net"
	"os"
	"strconv"

	"virtree.dev/internal/sys"
)

// The states that a service manager understands.
const (
	Ready    = "READY=1"
	Stopping = "STOPPING=1"
)

// Reloading says so as of now, by the clock that the service manager goes by.
func Reloading() string {
	return "RELOADING=1\nMONOTONIC_USEC=" + strconv.FormatInt(sys.Monotonic().Microseconds(), 10)
}

// Status is a line about the daemon for people to read.
func Status(text string) string { return "STATUS=" + text }

// Send reports a state to the service manager, if there is one.
func Send(state string) error { return send(os.Getenv("NOTIFY_SOCKET"), state) }

func send(path, state string) error {
	if path == "" {
		return nil
	}
	// A leading @ is the abstract name space, for net as for systemd.
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("notify the service manager: %w", err)
	}
	defer c.Close()
	if _, err := c.Write([]byte(state)); err != nil {
		return fmt.Errorf("notify the service manager: %w", err)
	}
	return nil
}
