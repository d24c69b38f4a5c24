package logd

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"

	"virtree.dev/actors/logd/rotating"
	"virtree.dev/internal/sys"
	"virtree.dev/supervisor/keep"
)

// keepPrefix begins the keys of all that is kept: log.7 is a machine's pipe, with
// the state of its log file, and log.7.buffer the pipe behind it.
const (
	keepPrefix   = "log."
	bufferSuffix = ".buffer"
)

// savedFile is a log file between two programs, or beyond the death of one.
type savedFile struct {
	ID     uint64 `json:"id"`
	Origin origin `json:"origin"`
	Lost   *loss  `json:"lost,omitempty"`
	Notice string `json:"notice,omitempty"` // of what was lost before
	Ended  bool   `json:"ended,omitempty"`
}

func (f *logFile) key() string { return keepPrefix + strconv.FormatUint(f.id, 10) }

func (f *logFile) bufferKey() string { return f.key() + bufferSuffix }

// saved gives the state. The lock is held, or nobody moves bytes.
func (f *logFile) saved() savedFile {
	s := savedFile{ID: f.id, Origin: f.origin, Notice: string(f.notice), Ended: f.ended.Load()}
	f.intake.Lock()
	defer f.intake.Unlock()
	if f.lost.Bytes > 0 {
		lost := f.lost
		s.Lost = &lost
	}
	return s
}

// keep keeps the pipe of a log file.
func (s *Service) keep(f *logFile) error {
	state, err := json.Marshal(f.saved())
	if err != nil {
		return err
	}
	if err := s.store.Keep(f.key(), state, f.pipe); err != nil {
		return fmt.Errorf("cannot keep the pipe of log file %s: %w", f.Path, err)
	}
	return nil
}

// keepLoss keeps how much was lost. The intake is held, the lock may be by others.
func (s *Service) keepLoss(f *logFile) {
	lost := f.lost
	s.update(f, savedFile{ID: f.id, Origin: f.origin, Lost: &lost})
}

// keepState keeps that nothing is lost any more. The lock is held.
func (s *Service) keepState(f *logFile) { s.update(f, f.saved()) }

func (s *Service) update(f *logFile, saved savedFile) {
	state, err := json.Marshal(saved)
	if err == nil {
		err = s.store.Update(f.key(), state)
	}
	if err != nil {
		s.log.Warn("cannot keep the state of log file "+f.Path, zap.Error(err))
	}
}

func (s *Service) forget(f *logFile) {
	s.store.Forget(f.key())
	s.store.Forget(f.bufferKey())
}

// takeKept takes over from a program that was killed.
func (s *Service) takeKept() {
	pipes, buffers := map[string]keep.Kept{}, map[string]keep.Kept{}
	for _, k := range s.store.Take(keepPrefix) {
		if key, buffer := strings.CutSuffix(k.Key, bufferSuffix); buffer {
			buffers[key] = k
		} else {
			pipes[k.Key] = k
		}
	}
	for key, k := range pipes {
		var saved savedFile
		err := json.Unmarshal(k.State, &saved)
		if err == nil {
			var f *logFile
			if f, err = s.restore(saved, k, buffers[key]); err == nil {
				s.add(f)
				delete(buffers, key)
				continue
			}
		}
		s.log.Error("a pipe that was kept cannot be used: "+key, zap.Error(err))
		k.File.Close()
		s.store.Forget(key)
	}
	for key, k := range buffers {
		k.File.Close()
		s.store.Forget(key + bufferSuffix)
	}
}

// restore makes a log file of what is left of one: nothing is opened yet but what came.
func (s *Service) restore(saved savedFile, pipe, buffer keep.Kept) (*logFile, error) {
	if saved.ID == 0 || saved.Origin.Path == "" {
		return nil, fmt.Errorf("its state names no log file: %s", pipe.State)
	}
	f := &logFile{
		origin: saved.Origin, id: saved.ID, service: s,
		writer: rotating.Resume(saved.Origin.Path, s.limits), notice: rotating.Text(saved.Notice),
	}
	f.ended.Store(saved.Ended)
	if saved.Lost != nil {
		f.lost = *saved.Lost
		f.lost.told = time.Time{}
	}
	if s.byPath(f.Path) != nil || s.byID(f.id) {
		return nil, fmt.Errorf("log file %s is there already", f.Path)
	}
	if pipe.File == nil {
		return nil, fmt.Errorf("the pipe of log file %s did not come along", f.Path)
	}
	var err error
	if buffer.File != nil {
		if f.buffer, err = sys.AdoptPipe(buffer.File); err == nil {
			f.held, err = f.buffer.Buffered()
		}
		if err != nil {
			return nil, err
		}
	}
	if f.pipe, err = sys.AdoptPipe(pipe.File); err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

// byID says whether a number is in use.
func (s *Service) byID(id uint64) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.ids[id]
}
