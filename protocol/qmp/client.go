package qmp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
)

// ErrNoCommand is the error of a raw command that is no JSON object.
var ErrNoCommand = errors.New("the command is no JSON object")

// ErrHasID is the error of a raw command that brings an id: that is the monitor's to give.
var ErrHasID = errors.New("the command has an id already")

// Done is called once with a command's result; err is an *Error when QEMU refused it.
type Done func(result json.RawMessage, err error)

// Command is something to ask of QEMU.
type Command struct {
	Name      string
	Arguments any  // marshalled to a JSON object; nil for none
	OutOfBand bool // overtakes what waits, where QEMU can
	Raw       []byte
}

// Client is one end of a monitor: what was asked, what came, nothing that blocks.
// It belongs to one goroutine.
type Client struct {
	// OnEvent takes each event in its turn among the replies; without it, Feed gives them.
	OnEvent func(Event)

	greeting *Greeting
	ready    bool // capabilities were negotiated
	oob      bool
	next     uint64
	pending  map[string]waiting
	held     []byte // commands given before the negotiation
	rest     []byte // the beginning of a line
	failed   error
}

type waiting struct {
	name string
	done Done
}

// Greeting gives what QEMU said first, or nil before it did.
func (c *Client) Greeting() *Greeting { return c.greeting }

// Ready says whether the capabilities are negotiated, so that commands go out.
func (c *Client) Ready() bool { return c.ready }

// Pending gives the number of commands without a reply.
func (c *Client) Pending() int { return len(c.pending) }

// Err gives the reason why the monitor is lost, or nil.
func (c *Client) Err() error { return c.failed }

// Command gives the bytes to write for a command; done gets its result. Before
// the negotiation nothing is written: Feed gives the bytes when it is over.
func (c *Client) Command(cmd Command, done Done) ([]byte, error) {
	if c.failed != nil {
		return nil, c.failed
	}
	line, err := c.register(cmd, done)
	if err != nil {
		return nil, err
	}
	if !c.ready {
		c.held = append(c.held, line...)
		return nil, nil
	}
	return line, nil
}

func (c *Client) register(cmd Command, done Done) ([]byte, error) {
	c.next++
	id := "virtree-" + strconv.FormatUint(c.next, 10)
	line, err := cmd.encode(id, c.oob)
	if err != nil {
		return nil, err
	}
	if c.pending == nil {
		c.pending = map[string]waiting{}
	}
	c.pending[id] = waiting{name: cmd.Name, done: done}
	return append(line, '\r', '\n'), nil
}

func (cmd Command) encode(id string, oob bool) ([]byte, error) {
	if cmd.Raw != nil {
		return rawWithID(cmd.Raw, id)
	}
	r := request{Execute: cmd.Name, Arguments: cmd.Arguments, ID: id}
	if cmd.OutOfBand && oob {
		r.Execute, r.OutOfBand = "", cmd.Name
	}
	return json.Marshal(r)
}

// rawWithID puts our id into a client's own command object.
func rawWithID(raw []byte, id string) ([]byte, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoCommand, err)
	}
	if fields == nil {
		return nil, ErrNoCommand
	}
	if fields["id"] != nil {
		return nil, ErrHasID
	}
	fields["id"], _ = json.Marshal(id)
	return json.Marshal(fields)
}

// Feed takes bytes from QEMU. It gives the events in them, where nobody takes those,
// and the bytes to write in answer; replies go to their Done. An error ends the
// monitor: call Fail.
func (c *Client) Feed(b []byte) (events []Event, out []byte, err error) {
	for {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			break
		}
		line := b[:i]
		b = b[i+1:]
		if len(c.rest) > 0 {
			line = append(c.rest, line...)
			c.rest = nil
		}
		if err = c.line(line, &events, &out); err != nil || c.failed != nil { // what came may end the monitor
			return events, out, err
		}
	}
	if len(c.rest)+len(b) > MaxMessage {
		return events, out, ErrTooLong
	}
	c.rest = append(c.rest, b...)
	return events, out, nil
}

func (c *Client) line(line []byte, events *[]Event, out *[]byte) error {
	line = bytes.TrimSpace(line)
	if len(line) == 0 {
		return nil
	}
	var m message
	if err := json.Unmarshal(line, &m); err != nil {
		return fmt.Errorf("cannot parse the monitor's line: %w", err)
	}
	switch {
	case m.QMP != nil:
		return c.negotiate(m.QMP, out)
	case m.Event != "":
		e := Event{Name: m.Event, Data: m.Data, Time: m.Timestamp}
		if c.OnEvent != nil {
			c.OnEvent(e)
		} else {
			*events = append(*events, e)
		}
	case m.Error != nil || m.Return != nil:
		c.reply(&m, out)
	default:
		return errors.New("unknown message from the monitor")
	}
	return nil
}

func (c *Client) negotiate(g *Greeting, out *[]byte) error {
	if c.greeting != nil {
		return errors.New("a second greeting from the monitor")
	}
	c.greeting = g
	offered := slices.Contains(g.Capabilities, "oob")
	var args any
	if offered {
		args = map[string]any{"enable": []string{"oob"}}
	}
	line, err := c.register(Command{Name: "qmp_capabilities", Arguments: args}, nil)
	c.oob = offered
	*out = append(*out, line...)
	return err
}

func (c *Client) reply(m *message, out *[]byte) {
	if m.ID == nil {
		return // QEMU's word on something it could not read at all
	}
	w, ok := c.pending[*m.ID]
	if !ok {
		return
	}
	delete(c.pending, *m.ID)
	if !c.ready && w.name == "qmp_capabilities" {
		c.ready = true
		*out = append(*out, c.held...)
		c.held = nil
		return
	}
	if w.done == nil {
		return
	}
	if m.Error != nil {
		m.Error.Command = w.name
		w.done(nil, m.Error)
		return
	}
	w.done(m.Return, nil)
}

// Fail ends the monitor: every command that waits gets the reason.
func (c *Client) Fail(reason error) {
	if c.failed != nil {
		return
	}
	c.failed = reason
	pending := c.pending
	c.pending, c.held, c.rest = nil, nil, nil
	for _, w := range pending {
		if w.done != nil {
			w.done(nil, reason)
		}
	}
}
