package notify

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"syscall"
	"time"

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

// Available says whether there is a service manager to be told.
func Available() bool { return os.Getenv("NOTIFY_SOCKET") != "" }

// Send reports a state to the service manager, if there is one.
func Send(state string) error { return send(os.Getenv("NOTIFY_SOCKET"), state, nil) }

// SendFile reports a state that a file goes along with.
func SendFile(state string, file syscall.Conn) error {
	return send(os.Getenv("NOTIFY_SOCKET"), state, file)
}

// Barrier waits until the service manager has dealt with all that was sent before.
func Barrier(patience time.Duration) error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	err = SendFile("BARRIER=1", w)
	w.Close()
	if err != nil || !Available() {
		return err
	}
	if err := r.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	// The manager closes its end when it comes to it.
	if _, err := r.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		return fmt.Errorf("the service manager does not answer: %w", err)
	}
	return nil
}

func send(path, state string, file syscall.Conn) error {
	if path == "" {
		return nil
	}
	// A leading @ is the abstract name space, for net as for systemd.
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("notify the service manager: %w", err)
	}
	defer c.Close()
	if file == nil {
		_, err = c.Write([]byte(state))
	} else {
		err = sendFile(c, []byte(state), file)
	}
	if err != nil {
		return fmt.Errorf("notify the service manager: %w", err)
	}
	return nil
}

// sendFile waits for room in the manager's queue, as Write does.
func sendFile(c *net.UnixConn, state []byte, file syscall.Conn) error {
	right, err := sys.Number(file)
	if err != nil {
		return err
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	failed := raw.Write(func(fd uintptr) bool {
		err = sys.SendPacket(int(fd), state, right)
		return !sys.Again(err)
	})
	return errors.Join(failed, err)
}
