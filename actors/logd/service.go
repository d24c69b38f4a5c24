package logd

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"

	"go.uber.org/zap"

	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/logd/rotating"
	"virtree.dev/actors/rpc"
	"virtree.dev/config/logdconf"
	"virtree.dev/internal/sys"
	"virtree.dev/protocol/virerr"
	"virtree.dev/supervisor/freeze"
	"virtree.dev/supervisor/gen"
	"virtree.dev/supervisor/keep"
)

// Options are what the service is made of.
type Options struct {
	System   *gen.System
	Settings *logdconf.Config
	LogRoot  string // where old logs are looked for if the settings do not say
	Log      *zap.Logger
	Box      *freeze.Box // from the former program
	Store    keep.Store  // from a program that was killed
	Foreign  []Foreign   // from libvirt's virtlogd
}

// Service is what virtlogd serves.
type Service struct {
	system *gen.System
	limits rotating.Limits
	log    *zap.Logger
	store  keep.Store
	table  *dispatch.Table
	clean  *cleaner
	peeker peeker
	pump   atomic.Pointer[pumping]

	mu     sync.RWMutex
	byName map[string]*logFile // nil: it is being opened
	byFD   map[int]*logFile
	ids    map[uint64]bool // in use
	lastID uint64
}

// pumping is the pump that runs.
type pumping struct {
	*pump
	process *gen.Process
}

// New makes the service and takes over the log files of those before it.
func New(o Options) (*Service, error) {
	c := o.Settings
	s := &Service{
		system: o.System, log: o.Log, store: o.Store,
		limits: rotating.Limits{MaxSize: c.MaxSize, MaxBackups: c.MaxBackups},
		byName: map[string]*logFile{}, byFD: map[int]*logFile{}, ids: map[uint64]bool{},
	}
	root := c.LogRoot
	if root == "" {
		root = o.LogRoot
	}
	s.clean = &cleaner{service: s, root: root, days: c.MaxAgeDays, backups: c.MaxBackups}
	s.table = s.newTable()
	return s, s.takeOver(o.Box, o.Foreign)
}

// Children are the pump, and the cleaner where old logs are removed.
func (s *Service) Children() []gen.Child {
	children := []gen.Child{{
		Name: pumpName, Register: true, New: func() gen.Behavior { return &pump{service: s} },
	}}
	if s.clean.days > 0 {
		children = append(children, gen.Child{Name: "cleaner", New: func() gen.Behavior { return s.clean }})
	}
	return children
}

// Tables are the log program.
func (s *Service) Tables() []*dispatch.Table { return []*dispatch.Table{s.table} }

// Sessions carries nothing: a client is not known by what it did.
func (s *Service) Sessions() rpc.Sessions { return sessions{} }

// Busy says whether machines write logs.
func (s *Service) Busy() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.byName) > 0
}

// Reload does nothing: libvirt's virtlogd has nothing to look up again either.
func (s *Service) Reload() {}

// Close writes what is there and gives up the log files, when nobody moves their
// bytes any more. What is kept stays so.
func (s *Service) Close() {
	for _, f := range s.all() {
		if f.tryLock() {
			if f.trouble.Load() == nil {
				f.drain()
			}
			f.close()
			f.unlock()
		}
	}
	s.peeker.close()
}

// all gives the log files in the order in which they were opened.
func (s *Service) all() []*logFile {
	s.mu.RLock()
	defer s.mu.RUnlock()
	files := make([]*logFile, 0, len(s.byName))
	for _, f := range s.byName {
		if f != nil {
			files = append(files, f)
		}
	}
	slices.SortFunc(files, func(a, b *logFile) int { return int(a.id) - int(b.id) })
	return files
}

func (s *Service) byPipe(fd int) *logFile {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.byFD[fd]
}

func (s *Service) byPath(path string) *logFile {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.byName[path]
}

// reserve takes a path for a log file that is about to be opened. One that waits
// to be written for a machine that has ended gives way.
func (s *Service) reserve(path string) (former *logFile, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, taken := s.byName[path]
	if taken && (f == nil || !f.abandoned()) {
		return nil, false
	}
	if f != nil {
		delete(s.byFD, f.fd())
		delete(s.ids, f.id)
	}
	s.byName[path] = nil
	return f, true
}

// release gives a path back that was reserved.
func (s *Service) release(path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byName, path)
}

// add takes in a log file whose path is reserved, or that was there before.
func (s *Service) add(f *logFile) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.id == 0 {
		s.lastID++
		f.id = s.lastID
	}
	s.lastID = max(s.lastID, f.id)
	s.byName[f.Path], s.byFD[f.pipe.FD()], s.ids[f.id] = f, f, true
}

// arm has the workers wait for a pipe. One of a log file in trouble is looked
// after by the pump's clock.
func (s *Service) arm(f *logFile, first bool) {
	k := s.pump.Load()
	fd := f.fd()
	if k == nil || fd < 0 {
		return // whoever starts the pump does it
	}
	const what = sys.Readable | sys.OneShot
	var err error
	if first {
		err = k.set.Add(fd, what)
	}
	if !first || errors.Is(err, syscall.EEXIST) { // the pump had just been started again
		err = k.set.Modify(fd, what, 0)
	}
	if err != nil {
		s.log.Error(fmt.Sprintf("cannot watch the pipe of %s: %v", f.Path, err))
	}
}

// settle does what follows from moving bytes, and gives up the lock.
func (s *Service) settle(f *logFile, o outcome) {
	switch o {
	case over:
		s.drop(f)
		f.close()
		f.unlock()
		return
	case failing, gone: // the pump's clock goes on with what fails
		f.unlock()
		return
	}
	f.unlock()
	s.arm(f, false)
}

// watch has the pump look after log files in a while.
func (s *Service) watch() {
	if k := s.pump.Load(); k != nil {
		k.watch(k.process)
	}
}

// drop forgets a log file, before its descriptors are closed.
func (s *Service) drop(f *logFile) {
	s.mu.Lock()
	if s.byName[f.Path] == f {
		delete(s.byName, f.Path)
	}
	if fd := f.fd(); s.byFD[fd] == f {
		delete(s.byFD, fd)
	}
	delete(s.ids, f.id)
	s.mu.Unlock()
	s.forget(f)
}

// abandoned says whether nothing but the disk is to blame that it is still there.
func (f *logFile) abandoned() bool {
	return f.trouble.Load() != nil && (f.ended.Load() || f.hungUp())
}

// hungUp says whether no machine has the pipe any more.
func (f *logFile) hungUp() bool {
	f.intake.Lock()
	defer f.intake.Unlock()
	return f.pipe == nil || f.pipe.HungUp()
}

// finish writes what a machine that has ended left, rather than wait until a
// worker comes to it: it may be started again by now.
func (s *Service) finish(path string) {
	if f := s.byPath(path); f != nil && f.hungUp() && f.tryLock() {
		s.settle(f, f.drain())
	}
}

// open opens the log file of a machine and gives the end of the pipe that it writes to.
func (s *Service) open(o origin, truncate bool) (end *os.File, inode uint64, offset int64, err error) {
	s.finish(o.Path)
	former, ok := s.reserve(o.Path)
	if !ok {
		return nil, 0, 0, virerr.System(virerr.FromLogging, syscall.EBUSY, "Cannot open log file: '%s'", o.Path)
	}
	f := &logFile{origin: o, service: s}
	if former != nil {
		f.lost = s.replace(former)
	}
	end, err = f.open(truncate)
	if err != nil {
		s.release(o.Path)
		return nil, 0, 0, err
	}
	inode, offset = f.writer.Position()
	s.add(f)
	if err := s.keep(f); err != nil {
		s.drop(f)
		f.close()
		end.Close()
		return nil, 0, 0, err
	}
	s.arm(f, true)
	return end, inode, offset, nil
}

func (f *logFile) open(truncate bool) (end *os.File, err error) {
	pipe, end, err := sys.NewPipe()
	if err != nil {
		return nil, virerr.System(virerr.FromNone, err, "Unable to create pipes")
	}
	if f.writer, err = rotating.Open(f.Path, f.service.limits, truncate); err != nil {
		pipe.Close()
		end.Close()
		return nil, err
	}
	f.pipe = pipe
	return end, nil
}

// replace ends a log file that waits for a disk: its bytes are counted as lost.
func (s *Service) replace(f *logFile) loss {
	f.lock()
	defer f.unlock()
	lost := f.discard()
	f.close()
	s.forget(f)
	return lost
}

// sessions carries clients of which there is nothing to say.
type sessions struct{}

// FreezeSession implements rpc.Sessions.
func (sessions) FreezeSession(*dispatch.Session) (json.RawMessage, error) {
	return json.RawMessage("{}"), nil
}

// ThawSession implements rpc.Sessions.
func (sessions) ThawSession(*dispatch.Session, json.RawMessage) error { return nil }

// ThawStream implements rpc.Sessions: there are no streams.
func (sessions) ThawStream(kind string, _ json.RawMessage, _ *os.File) (io.ReadWriteCloser, error) {
	return nil, fmt.Errorf("virtlogd has no streams, such as %s", kind)
}
