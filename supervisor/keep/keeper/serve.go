package keeper

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"time"

	"virtree.dev/internal/sys"
	"virtree.dev/supervisor/keep"
)

// How long a keeper waits for a daemon that is gone.
const (
	listenersFor = 10 * time.Second // to be restarted
	pipesFor     = time.Hour
	lookEvery    = 10 * time.Second
)

// ListenerPrefix begins the names of sockets that wait for clients.
const ListenerPrefix = "listener-"

// server is a keeper. One goroutine does everything.
type server struct {
	listener *os.File
	path     string // of the listener
	held     map[string]*os.File
	daemons  map[int]*sys.Socket
	set      *sys.Epoll
	ends     bool // the daemon said so
	alone    time.Time
	now      func() time.Time
}

func newServer(listener *os.File, path string) (*server, error) {
	set, err := sys.NewEpoll()
	if err != nil {
		return nil, err
	}
	s := &server{
		listener: listener, path: path, held: map[string]*os.File{}, daemons: map[int]*sys.Socket{},
		set: set, now: time.Now,
	}
	s.alone = s.now()
	return s, set.Add(int(listener.Fd()), sys.Readable)
}

// serve goes on until there is nothing to be held, or nobody to hold it for.
func (s *server) serve() error {
	events := make([]sys.Ready, 16)
	for {
		ready, err := s.set.WaitFor(events, s.patience())
		if err != nil {
			return err
		}
		for _, r := range ready {
			if int(r.Fd) == int(s.listener.Fd()) {
				s.accept()
			} else if d := s.daemons[int(r.Fd)]; d != nil {
				s.hear(d)
			}
		}
		if len(s.daemons) == 0 && s.over() {
			return nil
		}
	}
}

// patience is how long to wait for something to happen.
func (s *server) patience() time.Duration {
	if len(s.daemons) > 0 {
		return -1
	}
	return max(s.alone.Add(listenersFor).Sub(s.now()), lookEvery)
}

// over says whether to end, while nobody is connected.
func (s *server) over() bool {
	if s.ends {
		return true
	}
	if _, err := os.Lstat(s.path); errors.Is(err, fs.ErrNotExist) {
		return true // nobody finds us any more
	}
	gone := s.now().Sub(s.alone)
	if gone < listenersFor {
		return false
	}
	for name := range s.held {
		if strings.HasPrefix(name, ListenerPrefix) {
			s.drop(name)
		}
	}
	switch what := keep.Inspect(s.held); what {
	case keep.HoldsNothing:
		return true
	case keep.HoldsPipes:
		return gone > pipesFor
	default:
		return false
	}
}

func (s *server) accept() {
	c, err := sys.Accept(int(s.listener.Fd()))
	if err != nil {
		return
	}
	if !sameUser(c) || s.set.Add(c.FD(), sys.Readable) != nil {
		c.Close()
		return
	}
	s.daemons[c.FD()] = c
}

// hear does what a daemon asks for, as far as it has come.
func (s *server) hear(d *sys.Socket) {
	p, control := make([]byte, maxPacket+1), make([]byte, sys.RightsSpace)
	for {
		n, files, err := d.Recv(p, control)
		if sys.Again(err) {
			return
		}
		if err != nil || n == 0 || s.obey(d, p[:n], files) != nil {
			for _, f := range files {
				f.Close()
			}
			s.leave(d)
			return
		}
	}
}

func (s *server) leave(d *sys.Socket) {
	delete(s.daemons, d.FD())
	d.Close()
	s.alone = s.now()
}

func (s *server) obey(d *sys.Socket, p []byte, files []*os.File) error {
	word, name, err := parse(p)
	if err != nil || (word == wordHold) != (len(files) == 1) {
		return errBadPacket
	}
	switch word {
	case wordHold:
		s.drop(name)
		s.held[name] = files[0]
		s.ends = false
	case wordDrop:
		s.drop(name)
	case wordGive:
		return s.give(d)
	case wordEnd:
		s.ends = true
	default:
		return errBadPacket
	}
	return nil
}

func (s *server) drop(name string) {
	if f := s.held[name]; f != nil {
		f.Close()
		delete(s.held, name)
	}
}

// give hands everything to a successor, and keeps it. What the former daemon sent
// before it died comes first.
func (s *server) give(to *sys.Socket) error {
	for _, d := range s.daemons {
		if d != to {
			s.hear(d)
		}
	}
	s.ends = false
	for name, f := range s.held {
		if err := to.SendPacket([]byte(name), f); err != nil {
			return err
		}
	}
	return to.SendPacket([]byte(wordGiven), nil)
}
