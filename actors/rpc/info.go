package rpc

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"virtree.dev/actors/dispatch"
	"virtree.dev/supervisor/act"
)

// Name is what clients of the admin API call the server.
func (s *Server) Name() string { return s.name }

// Stats are the worker counts.
func (s *Server) Stats() act.Stats { return s.pool.Stats() }

// Transport is how a client came, by the numbers of the admin API.
type Transport uint32

// The transports.
const (
	UNIX Transport = iota
	TCP
	TLS
)

// ClientInfo is a client as the admin API shows it.
type ClientInfo struct {
	ID            uint64
	Since         time.Time
	Transport     Transport
	Address       string // of a client that is not UNIX
	Identity      dispatch.Identity
	ReadOnly      bool
	Authenticated bool
	Requests      int
}

// String says who it is and what it does.
func (c ClientInfo) String() string {
	words := []string{fmt.Sprintf("pid %d, uid %d", c.Identity.PID, c.Identity.UID)}
	if c.ReadOnly {
		words = append(words, "read-only")
	}
	if !c.Authenticated {
		words = append(words, "not authenticated")
	}
	if c.Requests > 0 {
		words = append(words, fmt.Sprintf("%d requests", c.Requests))
	}
	return strings.Join(words, ", ")
}

// Clients lists the clients by number.
func (s *Server) Clients() []ClientInfo {
	s.mu.Lock()
	all := s.all()
	s.mu.Unlock()
	list := make([]ClientInfo, 0, len(all))
	for _, c := range all {
		list = append(list, c.info())
	}
	return list
}

// Client gives one client; false if there is none of that number.
func (s *Server) Client(id uint64) (ClientInfo, bool) {
	s.mu.Lock()
	c := s.clients[id]
	s.mu.Unlock()
	if c == nil {
		return ClientInfo{}, false
	}
	info := c.info()
	if info.Identity.SELinux == "" {
		info.Identity.SELinux = c.socket.PeerSecurity()
	}
	return info, true
}

// NumClients counts the clients, and those of them that have not authenticated.
func (s *Server) NumClients() (all, strangers int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.clients), len(s.strangers)
}

// all gives the clients by number. s.mu is held.
func (s *Server) all() []*client {
	all := make([]*client, 0, len(s.clients))
	for _, c := range s.clients {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b *client) int { return cmp.Compare(a.id, b.id) })
	return all
}

// Disconnect closes a client; false if there is none of that number.
func (s *Server) Disconnect(id uint64) bool {
	s.mu.Lock()
	c := s.clients[id]
	s.mu.Unlock()
	if c != nil {
		c.shut()
	}
	return c != nil
}

// Accepted is how many clients there have been, ever.
func (s *Server) Accepted() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lastID
}

// Busy says whether clients are there or calls run.
func (s *Server) Busy() bool {
	s.mu.Lock()
	n := len(s.clients)
	s.mu.Unlock()
	return n > 0 || s.pool.Active() > 0
}
