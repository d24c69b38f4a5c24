package cstate

import (
	"encoding/json"
	"time"
)

// Document is a restart file that was read. No descriptor in it was touched.
type Document struct {
	Magic   string // the number of the process that wrote it
	Servers map[string]*Server
	rest    Object // what belongs to the service
}

// Server is one with its sockets and clients.
type Server struct {
	MinWorkers, MaxWorkers, PriorityWorkers uint
	MaxClients, MaxAnonymousClients         uint
	KeepaliveInterval                       int
	KeepaliveCount                          uint
	NextClientID                            uint64
	Services                                []Service
	Clients                                 []Client
}

// Service is a set of sockets on which clients are treated alike.
type Service struct {
	Auth        int // 0 is none
	ReadOnly    bool
	MaxRequests uint
	Sockets     []Socket
}

// Client is a connection.
type Client struct {
	ID          uint64
	Auth        int
	AuthPending bool
	ReadOnly    bool
	MaxRequests uint
	Since       time.Time // zero: not known
	Socket      Socket
	Private     json.RawMessage
}

// Socket is a descriptor.
type Socket struct {
	FD     int
	Unlink bool // its name goes with it
}

// Parse reads a restart file. The names are of servers whom an old file does
// not name.
func Parse(data []byte, names ...string) (*Document, error) {
	o, ok := ParseObject(data)
	if !ok {
		return nil, malformed("cannot parse json: it is no object")
	}
	d := &Document{Servers: map[string]*Server{}, rest: Object{}}
	if d.Magic, ok = o.Text("magic"); !ok {
		return nil, malformed("Missing magic data in JSON document")
	}
	// virtlockd called it server once.
	part := "daemon"
	if !o.Has(part) && o.Has("server") {
		part = "server"
	}
	daemon, ok := o.Object(part)
	if !ok {
		return nil, malformed("Malformed daemon data from JSON file")
	}
	if err := d.readServers(daemon, names); err != nil {
		return nil, err
	}
	for key, raw := range o {
		if key != part && key != "magic" {
			d.rest[key] = raw
		}
	}
	return d, nil
}

// readServers knows the three forms: by name, by position, and one alone.
func (d *Document) readServers(o Object, names []string) error {
	if !o.Has("servers") {
		if len(names) == 0 {
			return malformed("No default server names provided")
		}
		return d.add(names[0], o)
	}
	if list, ok := o.List("servers"); ok {
		if len(list) > len(names) {
			return malformed("Server count %d greater than default name count %d", len(list), len(names))
		}
		for i, raw := range list {
			server, _ := ParseObject(raw)
			if err := d.add(names[i], server); err != nil {
				return err
			}
		}
		return nil
	}
	servers, ok := o.Object("servers")
	if !ok {
		return malformed("Malformed servers data in JSON document")
	}
	for name := range servers {
		server, _ := servers.Object(name)
		if err := d.add(name, server); err != nil {
			return err
		}
	}
	return nil
}

func (d *Document) add(name string, o Object) error {
	s, err := readServer(o)
	if err != nil {
		return err
	}
	d.Servers[name] = s
	return nil
}
