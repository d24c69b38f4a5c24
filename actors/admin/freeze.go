package admin

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"virtree.dev/actors/dispatch"
)

// FreezeSession implements rpc.Sessions: nothing stands behind a client.
func (s *Service) FreezeSession(*dispatch.Session) (json.RawMessage, error) {
	return json.RawMessage("{}"), nil
}

// ThawSession implements rpc.Sessions.
func (s *Service) ThawSession(*dispatch.Session, json.RawMessage) error { return nil }

// ThawStream implements rpc.Sessions: the program has no streams.
func (s *Service) ThawStream(kind string, _ json.RawMessage, f *os.File) (io.ReadWriteCloser, error) {
	f.Close()
	return nil, fmt.Errorf("the admin program has no streams of kind %s", kind)
}
