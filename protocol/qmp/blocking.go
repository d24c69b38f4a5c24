package qmp

import (
	"encoding/json"
	"io"
)

// Blocking runs one command after the other over a connection. It belongs to one
// goroutine; closing the connection or its deadline ends a wait.
type Blocking struct {
	rw     io.ReadWriter
	client Client
	buf    []byte
	events []Event
}

// NewBlocking wraps a connection to a monitor that has not greeted yet.
func NewBlocking(rw io.ReadWriter) *Blocking {
	return &Blocking{rw: rw, buf: make([]byte, 64<<10)}
}

// Handshake waits for the greeting and negotiates.
func (b *Blocking) Handshake() (*Greeting, error) {
	for !b.client.Ready() {
		if err := b.read(); err != nil {
			return nil, err
		}
	}
	return b.client.Greeting(), nil
}

// Execute runs a command and unmarshals what it returned into result, unless that is nil.
func (b *Blocking) Execute(name string, args, result any) error {
	raw, err := b.Run(Command{Name: name, Arguments: args})
	if err != nil || result == nil {
		return err
	}
	return json.Unmarshal(raw, result)
}

// Run runs a command and gives what it returned.
func (b *Blocking) Run(cmd Command) (json.RawMessage, error) {
	var raw json.RawMessage
	var failure error
	answered := false
	line, err := b.client.Command(cmd, func(r json.RawMessage, err error) {
		raw, failure, answered = r, err, true
	})
	if err != nil {
		return nil, err
	}
	if err := b.write(line); err != nil {
		return nil, err
	}
	for !answered {
		if err := b.read(); err != nil {
			return nil, err
		}
	}
	return raw, failure
}

// Events gives the events that came since the last time.
func (b *Blocking) Events() []Event {
	e := b.events
	b.events = nil
	return e
}

func (b *Blocking) read() error {
	n, err := b.rw.Read(b.buf)
	if n > 0 {
		events, out, failure := b.client.Feed(b.buf[:n])
		b.events = append(b.events, events...)
		if failure == nil {
			failure = b.write(out)
		}
		if failure != nil {
			b.client.Fail(failure)
			return failure
		}
		return nil
	}
	if err != nil {
		b.client.Fail(err)
	}
	return err
}

func (b *Blocking) write(line []byte) error {
	if len(line) == 0 {
		return nil
	}
	_, err := b.rw.Write(line)
	return err
}
