package qemu

import (
	"encoding/json"
	"io"
	"os"
	"syscall"

	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/domain"
)

// The kinds of streams that live through a re-exec.
const (
	streamConsole = "qemu.console" // a character device; its state is the path
	streamPicture = "qemu.picture" // a file without a name
)

// FreezeSession implements driver.SessionFreezer.
func (d *Driver) FreezeSession(s *dispatch.Session) (json.RawMessage, error) {
	all, ok := s.Value(boundKey{}).(bound)
	if !ok {
		return nil, nil
	}
	byName := map[string]int{}
	for uuid, id := range all {
		byName[uuid.String()] = id
	}
	return json.Marshal(byName)
}

// ThawSession implements driver.SessionFreezer.
func (d *Driver) ThawSession(s *dispatch.Session, state json.RawMessage) error {
	var byName map[string]int
	if err := json.Unmarshal(state, &byName); err != nil {
		return err
	}
	for _, o := range d.registry.Select(domain.ListActive) {
		if id, ok := byName[o.UUID.String()]; ok && id == o.ID {
			d.bind(s, o.UUID, id)
		}
	}
	return nil
}

// ThawStream implements driver.SessionFreezer.
func (d *Driver) ThawStream(kind string, state json.RawMessage, f *os.File) (io.ReadWriteCloser, error) {
	switch kind {
	case streamConsole:
		var path string
		if err := json.Unmarshal(state, &path); err != nil {
			return nil, err
		}
		return d.consoles.hold(path, f), nil
	case streamPicture:
		return readOnly{f}, nil
	}
	return nil, nil
}

// device is what a console is made of.
type device interface {
	io.ReadWriteCloser
	syscall.Conn
}

// FreezeStream implements rpc.Freezable.
func (c *console) FreezeStream() (kind string, state json.RawMessage, file syscall.Conn) {
	state, _ = json.Marshal(c.path)
	return streamConsole, state, c.device
}

// FreezeStream implements rpc.Freezable.
func (r readOnly) FreezeStream() (kind string, state json.RawMessage, file syscall.Conn) {
	return streamPicture, nil, r.File
}
