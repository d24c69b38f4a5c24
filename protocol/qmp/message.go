package qmp

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// MaxMessage bounds one line from QEMU; query-qmp-schema is about 200 KiB.
const MaxMessage = 10 << 20

// ErrTooLong is the error of a line over MaxMessage.
var ErrTooLong = errors.New("QMP message is too long")

// Version is QEMU's version as the greeting and query-version give it.
type Version struct {
	QEMU struct {
		Major, Minor, Micro int
	} `json:"qemu"`
	Package string `json:"package"`
}

// Greeting is the first message of a monitor.
type Greeting struct {
	Version      Version  `json:"version"`
	Capabilities []string `json:"capabilities"`
}

// Event is something that QEMU tells of itself.
type Event struct {
	Name string
	Data json.RawMessage
	Time Timestamp
}

// Timestamp is QEMU's clock at an event; it is negative when QEMU could not read its clock.
type Timestamp struct {
	Seconds      int64 `json:"seconds"`
	Microseconds int64 `json:"microseconds"`
}

// AsTime gives the timestamp as a time.
func (t Timestamp) AsTime() time.Time {
	return time.Unix(t.Seconds, t.Microseconds*1000)
}

// Error is a command's error as QEMU reports it.
type Error struct {
	Command string
	Class   string `json:"class"`
	Desc    string `json:"desc"`
}

func (e *Error) Error() string {
	return fmt.Sprintf("unable to execute QEMU command '%s': %s", e.Command, e.Desc)
}

// IsCommandNotFound says whether the QEMU at hand does not know the command.
func (e *Error) IsCommandNotFound() bool { return e.Class == "CommandNotFound" }

// message is any message of QEMU; which one it is follows from the fields that are there.
type message struct {
	QMP       *Greeting       `json:"QMP"`
	Event     string          `json:"event"`
	Data      json.RawMessage `json:"data"`
	Timestamp Timestamp       `json:"timestamp"`
	Return    json.RawMessage `json:"return"`
	Error     *Error          `json:"error"`
	ID        *string         `json:"id"`
}

// request is a command on its way to QEMU.
type request struct {
	Execute   string `json:"execute,omitempty"`
	OutOfBand string `json:"exec-oob,omitempty"`
	Arguments any    `json:"arguments,omitempty"`
	ID        string `json:"id"`
}
