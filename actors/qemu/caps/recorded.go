package caps

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"virtree.dev/protocol/qmp"
)

// Querier runs one QMP command; an error of QEMU itself is a *qmp.Error.
type Querier interface {
	Execute(ctx context.Context, command string, args any) (json.RawMessage, error)
}

// exchange is a recorded command with its answer.
type exchange struct {
	command, args string // args in the form of canonical
	result        json.RawMessage
	failure       *qmp.Error
}

// Recording answers from what was recorded of a monitor: commands and replies in turn, JSON
// documents one after the other. Where there are two monitors, each begins with qmp_capabilities.
// It answers in order, but leaves out what nobody asks for.
type Recording struct {
	all  []exchange
	next int
}

// ReadRecording reads a whole recording.
func ReadRecording(r io.Reader) (*Recording, error) {
	d := json.NewDecoder(r)
	rec := &Recording{}
	for {
		e, err := readExchange(d)
		if errors.Is(err, io.EOF) {
			return rec, nil
		}
		if err != nil {
			return nil, fmt.Errorf("recorded command %d: %w", len(rec.all), err)
		}
		rec.all = append(rec.all, e)
	}
}

func readExchange(d *json.Decoder) (exchange, error) {
	var command struct {
		Execute   string          `json:"execute"`
		Arguments json.RawMessage `json:"arguments"`
	}
	if err := d.Decode(&command); err != nil {
		return exchange{}, err
	}
	var reply struct {
		Return json.RawMessage `json:"return"`
		Error  *qmp.Error      `json:"error"`
	}
	if err := d.Decode(&reply); err != nil {
		return exchange{}, fmt.Errorf("%s: no reply: %w", command.Execute, err)
	}
	e := exchange{command: command.Execute, args: canonical(command.Arguments), result: reply.Return}
	if e.failure = reply.Error; e.failure != nil {
		e.failure.Command = e.command
	}
	return e, nil
}

// Execute gives the recorded answer to the next such command.
func (r *Recording) Execute(_ context.Context, command string, args any) (json.RawMessage, error) {
	raw, err := json.Marshal(args)
	if err != nil {
		return nil, err
	}
	want := canonical(raw)
	for i := r.next; i < len(r.all); i++ {
		e := &r.all[i]
		if e.command == "qmp_capabilities" && i > 0 {
			break
		}
		if e.command != command || e.args != want {
			continue
		}
		r.next = i + 1
		if e.failure != nil {
			return nil, e.failure
		}
		return e.result, nil
	}
	return nil, fmt.Errorf("no recorded answer to %s %s", command, strings.TrimSpace(want))
}

// another moves to the next recorded monitor; false when there is none.
func (r *Recording) another() bool {
	for i := r.next; i < len(r.all); i++ {
		if r.all[i].command == "qmp_capabilities" && i > 0 {
			r.next = i + 1
			return true
		}
	}
	return false
}

// canonical gives JSON with sorted keys; what is absent is empty.
func canonical(raw json.RawMessage) string {
	var v any
	if len(raw) == 0 || json.Unmarshal(raw, &v) != nil || v == nil {
		return ""
	}
	b, _ := json.Marshal(v)
	return string(bytes.TrimSpace(b))
}
