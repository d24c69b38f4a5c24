package qemu

import (
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// consoles are the character devices of machines that clients have open, by path:
// each has one client at a time.
type consoles struct {
	mu   sync.Mutex
	open map[string]*console
}

// console is the daemon's end of a character device.
type console struct {
	device
	all  *consoles
	path string
}

// take opens a device for a client; ok is false when another has it. With force
// that one loses it.
func (c *consoles) take(path string, force bool, open func() (device, error)) (dev *console, ok bool, err error) {
	c.mu.Lock()
	old := c.open[path]
	if old != nil && !force {
		c.mu.Unlock()
		return nil, false, nil
	}
	c.mu.Unlock()
	if old != nil {
		_ = old.Close()
	}
	f, err := open()
	if err != nil {
		return nil, true, err
	}
	return c.hold(path, f), true, nil
}

// hold notes that a client has a device open.
func (c *consoles) hold(path string, f device) *console {
	dev := &console{device: f, all: c, path: path}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open == nil {
		c.open = map[string]*console{}
	}
	c.open[path] = dev
	return dev
}

// SetDeadline bounds how long the device is waited for.
func (c *console) SetDeadline(t time.Time) error {
	return c.device.(interface{ SetDeadline(time.Time) error }).SetDeadline(t)
}

// Close closes the device; somebody else may take it then.
func (c *console) Close() error {
	c.all.mu.Lock()
	if c.all.open[c.path] == c {
		delete(c.all.open, c.path)
	}
	c.all.mu.Unlock()
	return c.device.Close()
}

// openTerminal opens a pseudo-terminal without making it ours. Without blocking it is
// read through the poller, so that Close ends a read.
func openTerminal(path string) (device, error) {
	return os.OpenFile(path, os.O_RDWR|syscall.O_NOCTTY|syscall.O_NONBLOCK, 0)
}

func openSocket(path string) (device, error) {
	return net.DialUnix("unix", nil, &net.UnixAddr{Name: path, Net: "unix"})
}
