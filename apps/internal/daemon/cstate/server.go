package cstate

import (
	"encoding/json"
	"time"
)

func readServer(o Object) (*Server, error) {
	s := &Server{}
	var interval uint
	for _, f := range []struct {
		key string
		to  *uint
	}{
		{"min_workers", &s.MinWorkers},
		{"max_workers", &s.MaxWorkers},
		{"priority_workers", &s.PriorityWorkers},
		{"max_clients", &s.MaxClients},
		{"keepaliveInterval", &interval},
		{"keepaliveCount", &s.KeepaliveCount},
	} {
		var ok bool
		if *f.to, ok = o.Uint(f.key); !ok {
			return nil, malformed("Missing %s data in JSON document", f.key)
		}
	}
	s.KeepaliveInterval = signed(interval)
	s.MaxAnonymousClients = s.MaxClients
	if o.Has("max_anonymous_clients") {
		var ok bool
		if s.MaxAnonymousClients, ok = o.Uint("max_anonymous_clients"); !ok {
			return nil, malformed("Malformed max_anonymous_clients data in JSON document")
		}
	}
	if s.MaxClients < s.MaxAnonymousClients {
		return nil, malformed("The overall maximum number of clients must not be less than the number of clients waiting for authentication")
	}
	if next, ok := o.Uint64("next_client_id"); ok {
		s.NextClientID = next
	} else {
		s.NextClientID = 1
	}
	var err error
	if s.Services, err = readEach(o, "service", readService); err != nil {
		return nil, err
	}
	s.Clients, err = readEach(o, "client", s.readClient)
	return s, err
}

// readEach reads the objects of an array that must be there.
func readEach[T any](o Object, kind string, read func(Object) (T, error)) (all []T, err error) {
	array := kind + "s"
	if !o.Has(array) {
		return nil, malformed("Missing %s data in JSON document", array)
	}
	list, ok := o.List(array)
	if !ok {
		return nil, malformed("Malformed %s array", array)
	}
	for _, raw := range list {
		one, ok := ParseObject(raw)
		if !ok {
			return nil, malformed("Missing %s data in JSON document", kind)
		}
		v, err := read(one)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

func readService(o Object) (s Service, err error) {
	var ok bool
	if s.Auth, ok = o.Int("auth"); !ok {
		return s, malformed("Missing auth field in JSON state document")
	}
	if s.ReadOnly, ok = o.Bool("readonly"); !ok {
		return s, malformed("Missing readonly field in JSON state document")
	}
	if s.MaxRequests, ok = o.Uint("nrequests_client_max"); !ok {
		return s, malformed("Missing nrequests_client_max field in JSON state document")
	}
	if !o.Has("socks") {
		return s, malformed("Missing socks field in JSON state document")
	}
	list, ok := o.List("socks")
	if !ok {
		return s, malformed("Malformed socks array")
	}
	for _, raw := range list {
		one, _ := ParseObject(raw)
		socket, err := readSocket(one)
		if err != nil {
			return s, err
		}
		s.Sockets = append(s.Sockets, socket)
	}
	return s, nil
}

func readSocket(o Object) (s Socket, err error) {
	var ok bool
	if s.FD, ok = o.Int("fd"); !ok {
		return s, malformed("Missing fd data in JSON document")
	}
	for _, key := range []string{"pid", "errfd"} {
		if _, ok := o.Int(key); !ok {
			return s, malformed("Missing %s data in JSON document", key)
		}
	}
	client, ok := o.Bool("isClient")
	if !ok {
		return s, malformed("Missing isClient data in JSON document")
	}
	if s.Unlink, ok = o.Bool("unlinkUNIX"); !ok {
		s.Unlink = !client
	}
	return s, nil
}

func (s *Server) readClient(o Object) (c Client, err error) {
	var ok bool
	if c.Auth, ok = o.Int("auth"); !ok {
		return c, malformed("Missing auth field in JSON state document")
	}
	c.AuthPending = c.Auth != 0
	if o.Has("auth_pending") {
		if c.AuthPending, ok = o.Bool("auth_pending"); !ok {
			return c, malformed("Malformed auth_pending field in JSON state document")
		}
		if c.AuthPending && c.Auth == 0 {
			return c, malformed("Invalid auth_pending and auth combination in JSON state document")
		}
	}
	if c.ReadOnly, ok = o.Bool("readonly"); !ok {
		return c, malformed("Missing readonly field in JSON state document")
	}
	if c.MaxRequests, ok = o.Uint("nrequests_max"); !ok {
		return c, malformed("Missing nrequests_client_max field in JSON state document")
	}
	if !o.Has("sock") {
		return c, malformed("Missing sock field in JSON state document")
	}
	if err := s.identify(o, &c); err != nil {
		return c, err
	}
	socket, _ := o.Object("sock")
	if c.Socket, err = readSocket(socket); err != nil {
		return c, err
	}
	if c.Private, ok = member[json.RawMessage](o, "privateData"); !ok {
		return c, malformed("Missing privateData field in JSON state document")
	}
	return c, nil
}

// identify gives a client its number, the next one where it had none, and the
// time since when it is there.
func (s *Server) identify(o Object, c *Client) error {
	if o.Has("id") {
		var ok bool
		if c.ID, ok = o.Uint64("id"); !ok {
			return malformed("Malformed id field in JSON state document")
		}
	} else {
		c.ID = s.NextClientID
		s.NextClientID++
	}
	if !o.Has("conn_time") {
		return nil
	}
	seconds, ok := o.Int64("conn_time")
	if !ok {
		return malformed("Malformed conn_time field in JSON state document")
	}
	if seconds != 0 {
		c.Since = time.Unix(seconds, 0)
	}
	return nil
}
