package logd

import (
	"fmt"
	"os"

	"virtree.dev/protocol/xml/uuid"
	"virtree.dev/supervisor/keep"
)

// Foreign is a log file of libvirt's own virtlogd.
type Foreign struct {
	Path, Driver, Domain string
	UUID                 uuid.UUID
	Pipe                 *os.File
}

// adopt takes over a log file.
func (s *Service) adopt(o Foreign) {
	s.mu.Lock()
	s.lastID++
	id := s.lastID
	s.mu.Unlock()
	saved := savedFile{ID: id, Origin: origin{o.Path, o.Driver, o.Domain, o.UUID}}
	f, err := s.restore(saved, keep.Kept{File: o.Pipe}, keep.Kept{})
	if err == nil {
		s.add(f)
		err = s.keep(f)
	}
	if err != nil {
		s.log.Error(fmt.Sprintf("log file %s could not be taken over: %v", o.Path, err))
	}
}
