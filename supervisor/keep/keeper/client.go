package keeper

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"sync"
	"syscall"
	"time"

	"virtree.dev/internal/sys"
)

// handover bounds how long a keeper may take to give everything back.
const handover = 5 * time.Second

// Client is a daemon's side of its keeper: a keep.Holder.
type Client struct {
	place Place
	log   func(error)
	mu    sync.Mutex
	conn  *sys.Socket
	held  map[string]syscall.Conn // for another keeper, should this one die
	left  bool
}

// Join connects to the keeper that a former daemon left at a place, and gives what
// it holds; where there is none, it starts one. Afterwards it watches the keeper,
// and log hears when another had to be started.
func Join(at Place, log func(error)) (*Client, map[string]*os.File, error) {
	c := &Client{place: at, log: log, held: map[string]syscall.Conn{}}
	files, err := c.meet()
	if err != nil {
		if err := c.start(); err != nil {
			return nil, nil, err
		}
	}
	for name, f := range files {
		c.held[name] = f
	}
	c.watch()
	return c, files, nil
}

// Rejoin goes on with the connection of the former program of this process.
func Rejoin(at Place, conn *os.File, held map[string]syscall.Conn, log func(error)) (*Client, error) {
	s, err := sys.AdoptSocket(conn)
	if err != nil {
		return nil, err
	}
	c := &Client{place: at, log: log, conn: s, held: maps.Clone(held)}
	c.watch()
	return c, nil
}

// meet finds the keeper of a former daemon.
func (c *Client) meet() (map[string]*os.File, error) {
	conn, err := sys.ConnectPackets(c.place.Path)
	if err != nil {
		return nil, err
	}
	files, err := receive(conn)
	if err != nil {
		conn.Close()
		return nil, err
	}
	c.conn = conn
	return files, nil
}

func receive(conn *sys.Socket) (files map[string]*os.File, err error) {
	if !sameUser(conn) {
		return nil, errors.New("the keeper belongs to another user")
	}
	files = map[string]*os.File{}
	defer func() {
		if err != nil {
			for _, f := range files {
				f.Close()
			}
		}
	}()
	if err := conn.SendPacket([]byte(wordGive), nil); err != nil {
		return files, err
	}
	p, control := make([]byte, maxPacket+1), make([]byte, sys.RightsSpace)
	for end := time.Now().Add(handover); ; {
		if !conn.WaitReadable(time.Until(end)) {
			return files, errors.New("the keeper does not answer")
		}
		n, got, err := conn.Recv(p, control)
		switch {
		case sys.Again(err):
			continue
		case err != nil:
			return files, err
		case len(got) == 1:
			files[string(p[:n])] = got[0]
		case string(p[:n]) == wordGiven && len(got) == 0:
			return files, nil
		default:
			return files, errBadPacket
		}
	}
}

// start starts a keeper and hands it what there is.
func (c *Client) start() error {
	if err := c.place.spawn(); err != nil {
		return err
	}
	conn, err := sys.ConnectPackets(c.place.Path)
	if err != nil {
		return err
	}
	c.conn = conn
	for name, f := range c.held {
		if err := c.send(wordHold+" "+name, f); err != nil {
			return err
		}
	}
	return nil
}

// send waits for room as long as the keeper works at all.
func (c *Client) send(text string, f syscall.Conn) error {
	for range 1000 {
		err := c.conn.SendPacket([]byte(text), f)
		if !sys.Again(err) {
			return err
		}
		time.Sleep(time.Millisecond)
	}
	return errors.New("the keeper does not read")
}

// Hold lets the keeper hold a file, which stays open here as well.
func (c *Client) Hold(name string, f syscall.Conn) error {
	if name == "" || len(name) > maxName {
		return fmt.Errorf("%q is no name for a held file", name)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held[name] = f
	if c.left {
		return os.ErrClosed
	}
	if err := c.send(wordHold+" "+name, f); err != nil {
		return c.restart(err)
	}
	return nil
}

// Holds says what else the keeper holds already, after Rejoin.
func (c *Client) Holds(name string, f syscall.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held[name] = f
}

// Drop lets a file go.
func (c *Client) Drop(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.held, name)
	if !c.left {
		_ = c.send(wordDrop+" "+name, nil) // one that died holds nothing
	}
}

// restart replaces a keeper that is gone.
func (c *Client) restart(why error) error {
	c.conn.Shutdown() // whoever watches it closes it
	if err := c.start(); err != nil {
		return fmt.Errorf("the keeper is gone (%w), and another cannot be started: %w", why, err)
	}
	c.log(fmt.Errorf("the keeper was gone (%w): another holds everything now", why))
	return nil
}

// Leave is the orderly end of this process: with nothing kept the keeper ends too.
func (c *Client) Leave(nothingKept bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left {
		return
	}
	if nothingKept {
		_ = c.send(wordEnd, nil)
	}
	c.left = true
	c.conn.Shutdown()
}

// Conn is what the next program of this process needs for Rejoin.
func (c *Client) Conn() syscall.Conn {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.conn
}

// watch notices a keeper that dies, and replaces it.
func (c *Client) watch() {
	go func() {
		for {
			c.mu.Lock()
			conn := c.conn
			c.mu.Unlock()
			conn.WaitReadable(-1) // it says nothing by itself: this is its end
			if !c.renew(conn) {
				return
			}
		}
	}()
}

// renew says whether there is a keeper to watch.
func (c *Client) renew(gone *sys.Socket) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer gone.Close()
	if pid, _, _, err := gone.Credentials(); err == nil && pid != os.Getpid() {
		defer sys.Reap(pid) // after a replacement nobody else waits for it
	}
	if c.left {
		return false
	}
	if c.conn != gone {
		return true
	}
	if err := c.restart(errors.New("it ended")); err != nil {
		c.log(err)
		return false
	}
	return true
}
