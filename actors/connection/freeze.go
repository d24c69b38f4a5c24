package connection

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"

	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/driver"
	"virtree.dev/actors/events"
)

// frozenSession is what a connection has opened and wants to hear.
type frozenSession struct {
	Opened        bool                       `json:"opened"`
	URI           string                     `json:"uri,omitempty"`
	Subscriptions []frozenSubscription       `json:"subscriptions,omitempty"`
	SASL          string                     `json:"sasl,omitempty"`    // how far it is with saying who it is
	Drivers       map[string]json.RawMessage `json:"drivers,omitempty"` // what each keeps for it
}

type frozenSubscription struct {
	Kind     events.Kind `json:"kind"`
	ID       int32       `json:"id"`
	Object   []byte      `json:"object,omitempty"`
	Match    string      `json:"match,omitempty"`
	Callback int32       `json:"callback"`
}

// FreezeSession implements rpc.Sessions.
func (s *Service) FreezeSession(c *dispatch.Session) (json.RawMessage, error) {
	f := frozenSession{Opened: c.Opened(), URI: c.URI()}
	if v, ok := c.Value(subscriptionsKey{}).(*subscriptions); ok {
		f.Subscriptions = v.freeze()
	}
	if n, ok := c.Value(negotiationKey{}).(*negotiation); ok {
		f.SASL = n.freeze()
	}
	for _, d := range s.drivers {
		k, ok := d.(driver.SessionFreezer)
		if !ok {
			continue
		}
		state, err := k.FreezeSession(c)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", d.Name(), err)
		}
		if state == nil {
			continue
		}
		if f.Drivers == nil {
			f.Drivers = map[string]json.RawMessage{}
		}
		f.Drivers[d.Name()] = state
	}
	return json.Marshal(f)
}

func (v *subscriptions) freeze() []frozenSubscription {
	v.mu.Lock()
	defer v.mu.Unlock()
	var list []frozenSubscription
	for _, s := range v.list {
		f := frozenSubscription{Kind: s.Kind, ID: s.ID, Object: []byte(s.Object), Callback: s.Callback}
		if s.Match != nil {
			f.Match = s.Match.String()
		}
		list = append(list, f)
	}
	return list
}

// ThawSession implements rpc.Sessions.
func (s *Service) ThawSession(c *dispatch.Session, state json.RawMessage) error {
	var f frozenSession
	if err := json.Unmarshal(state, &f); err != nil {
		return err
	}
	if f.Opened {
		if err := s.drivers.Open(c, f.URI, func(string) error { return nil }); err != nil {
			return err
		}
	}
	if f.SASL != "" {
		negotiated(c).thaw(f.SASL)
	}
	for _, sub := range f.Subscriptions {
		if err := s.resubscribe(c, sub); err != nil {
			return err
		}
	}
	for _, d := range s.drivers {
		k, ok := d.(driver.SessionFreezer)
		if state := f.Drivers[d.Name()]; ok && state != nil {
			if err := k.ThawSession(c, state); err != nil {
				return fmt.Errorf("%s: %w", d.Name(), err)
			}
		}
	}
	return nil
}

func (s *Service) resubscribe(c *dispatch.Session, f frozenSubscription) error {
	sub := &events.Subscription{Kind: f.Kind, ID: f.ID, Object: string(f.Object), Callback: f.Callback, Sink: c.Peer, Screen: s.screen(c, f.Kind)}
	if f.Match != "" {
		var err error
		if sub.Match, err = regexp.Compile(f.Match); err != nil {
			return err
		}
	}
	v := s.of(c)
	v.bus.Resubscribe(sub)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.list = append(v.list, sub)
	return nil
}

// ThawStream implements rpc.Sessions: the driver whose kind it is opens it again.
func (s *Service) ThawStream(kind string, state json.RawMessage, f *os.File) (io.ReadWriteCloser, error) {
	for _, d := range s.drivers {
		k, ok := d.(driver.SessionFreezer)
		if !ok {
			continue
		}
		if b, err := k.ThawStream(kind, state, f); b != nil || err != nil {
			return b, err
		}
	}
	f.Close()
	return nil, fmt.Errorf("no driver knows streams of kind %s", kind)
}
