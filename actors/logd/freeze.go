package logd

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"syscall"

	"virtree.dev/supervisor/freeze"
	"virtree.dev/supervisor/gen"
	"virtree.dev/supervisor/keep"
)

const frozenVersion = 1

var _ = freeze.Register("log files", 1, frozenVersion)

// frozenFiles is the pump's state.
type frozenFiles struct {
	LastID uint64      `json:"last_id"`
	Files  []savedFile `json:"files"`
}

// Freeze puts the pipes and what is known of their log files into the box.
func (s *Service) Freeze(ctx context.Context, box *freeze.Box) (resume func(), err error) {
	frozen, resume, err := gen.Freeze(ctx, s.system.Named(pumpName))
	if err != nil {
		return nil, err
	}
	if err := box.Put(pumpName, frozen); err != nil {
		resume()
		return nil, err
	}
	return resume, nil
}

// Freeze implements gen.Freezer: the workers have ended.
func (k *pump) Freeze(*gen.Process) (gen.Frozen, error) {
	s := k.service
	s.mu.RLock()
	state := frozenFiles{LastID: s.lastID}
	s.mu.RUnlock()
	files := map[string]syscall.Conn{}
	for _, f := range s.all() {
		if !f.tryLock() {
			return gen.Frozen{}, fmt.Errorf("log file %s: its disk does not answer", f.Path)
		}
		state.Files = append(state.Files, f.saved())
		files[fmt.Sprintf("%d.pipe", f.id)] = f.pipe
		if f.buffer != nil {
			files[fmt.Sprintf("%d.buffer", f.id)] = f.buffer
		}
		f.unlock()
	}
	raw, err := json.Marshal(state)
	return gen.Frozen{Version: frozenVersion, State: raw, Files: files}, err
}

// Thaw implements gen.Freezer, where a freeze came to nothing; the next program
// finds the log files before its pump starts.
func (k *pump) Thaw(p *gen.Process, _ gen.Frozen) error {
	k.set.Close()
	return k.Init(p)
}

// takeOver takes over from whoever was before this program.
func (s *Service) takeOver(box *freeze.Box, foreign []Foreign) error {
	if f := box.Take(pumpName); f != nil {
		return s.thaw(f)
	}
	s.takeKept()
	for _, f := range foreign {
		s.adopt(f)
	}
	return nil
}

func (s *Service) thaw(frozen *gen.Frozen) error {
	if frozen.Version != frozenVersion {
		return fmt.Errorf("log files frozen by version %d, this program knows %d", frozen.Version, frozenVersion)
	}
	var state frozenFiles
	if err := json.Unmarshal(frozen.State, &state); err != nil {
		return err
	}
	s.lastID = state.LastID
	for _, saved := range state.Files {
		part := func(name string) keep.Kept {
			file, _ := frozen.Files[fmt.Sprintf("%d.%s", saved.ID, name)].(*os.File)
			return keep.Kept{File: file}
		}
		f, err := s.restore(saved, part("pipe"), part("buffer"))
		if err != nil {
			s.log.Error(fmt.Sprintf("log file %s could not be taken over: %v", saved.Origin.Path, err))
			continue
		}
		s.add(f)
	}
	return nil
}
