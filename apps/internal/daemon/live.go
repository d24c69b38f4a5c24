package daemon

import (
	"encoding/json"
	"fmt"

	"virtree.dev/supervisor/freeze"
)

const (
	partLive    = "live"
	liveVersion = 1
)

var _ = freeze.Register("settings", 1, liveVersion)

// liveSettings were changed while the daemon ran: the next program
// has them again, in the place of what its files say.
type liveSettings struct {
	Timeout *uint32 `json:"timeout,omitempty"`
	Outputs *string `json:"log_outputs,omitempty"`
	Filters *string `json:"log_filters,omitempty"`
}

// freezeLive puts into the box what is not as it was written.
func (s *setup) freezeLive(t *tree, box *freeze.Box) error {
	var l liveSettings
	if n := t.patience.Load(); n != uint32(s.options.timeout) {
		l.Timeout = &n
	}
	if text := s.log.Outputs(); text != s.written.outputs {
		l.Outputs = &text
	}
	if text := s.log.FilterSettings(); text != s.written.filters {
		l.Filters = &text
	}
	if l == (liveSettings{}) {
		return nil
	}
	return box.PutState(partLive, liveVersion, l, nil)
}

// thawLive makes the changes again. What cannot be had any more is no reason to end.
func (s *setup) thawLive() {
	s.written.outputs, s.written.filters = s.log.Outputs(), s.log.FilterSettings()
	f := s.box.Take(partLive)
	if f == nil {
		return
	}
	if err := s.applyLive(f.State); err != nil {
		s.logger.Error(fmt.Sprintf("settings of the former program are lost: %v", err))
	}
}

func (s *setup) applyLive(state []byte) error {
	var l liveSettings
	if err := json.Unmarshal(state, &l); err != nil {
		return err
	}
	s.liveTimeout = l.Timeout
	if l.Filters != nil {
		if err := s.log.SetFilters(*l.Filters); err != nil {
			return err
		}
	}
	if l.Outputs == nil {
		return nil
	}
	// No text stands for the outputs of the configuration, a blank for none.
	return s.log.SetOutputs(*l.Outputs + " ")
}

// timeout is for how long a daemon stays with nothing to do, in seconds; 0: for good.
func (s *setup) timeout() uint32 {
	if s.liveTimeout != nil {
		return *s.liveTimeout
	}
	return uint32(s.options.timeout)
}
