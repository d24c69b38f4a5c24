package logd

import (
	"sync"
	"sync/atomic"
	"time"

	"virtree.dev/actors/logd/rotating"
	"virtree.dev/internal/sys"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/uuid"
)

// origin is whose log it is.
type origin struct {
	Path   string    `json:"path"`
	Driver string    `json:"driver"`
	Domain string    `json:"domain"`
	UUID   uuid.UUID `json:"uuid"`
}

// logFile is the log of a machine that runs, or whose last bytes are not written yet.
type logFile struct {
	origin
	id      uint64
	service *Service

	// mu is held by who moves bytes, however long a disk takes.
	mu     sync.Mutex
	began  atomic.Int64 // when that began, in nanoseconds; 0: nobody does
	buffer *sys.Pipe    // nil until it is needed
	held   int          // bytes in it
	writer *rotating.Writer
	notice rotating.Text // of what was lost, as far as it is not written
	ended  atomic.Bool   // nobody writes into the pipe any more
	closed bool
	moved  time.Time // when bytes were last moved

	bigBuffer bool // it is as large as it gets

	// intake is held by who takes bytes out of the pipe, never for long.
	intake sync.Mutex
	pipe   *sys.Pipe // nil once it is closed
	big    bool      // it is as large as it gets
	lost   loss

	trouble atomic.Pointer[trouble]
}

// loss is what was taken out of the pipe and not written.
type loss struct {
	Bytes  uint64    `json:"bytes"`
	Lines  uint64    `json:"lines"`
	Since  time.Time `json:"since"`
	Reason string    `json:"reason"`
	told   time.Time // when the daemon's log was told, or the store
}

// trouble is why a log file is not written at present.
type trouble struct {
	since time.Time
	next  time.Time // when it is tried again
	err   error
	tries int
}

// retryAfter is how long a log file is left alone that could not be written.
const retryAfter = time.Second

// busyFor is how long somebody has been moving bytes.
func (f *logFile) busyFor(now time.Time) time.Duration {
	if began := f.began.Load(); began != 0 {
		return now.Sub(time.Unix(0, began))
	}
	return 0
}

func (f *logFile) lock() {
	f.mu.Lock()
	f.began.Store(time.Now().UnixNano())
}

func (f *logFile) tryLock() bool {
	if !f.mu.TryLock() {
		return false
	}
	f.began.Store(time.Now().UnixNano())
	return true
}

// lockPatience is how long a client waits for a log file whose disk hangs.
const lockPatience = 5 * time.Second

// lockFor is lock for a client.
func (f *logFile) lockFor() error {
	for deadline := time.Now().Add(lockPatience); !f.tryLock(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			return virerr.New(virerr.FromLogging, virerr.OperationTimeout, "the disk of log file %s does not answer", f.Path)
		}
	}
	return nil
}

func (f *logFile) unlock() {
	f.began.Store(0)
	f.mu.Unlock()
}

// fd is the descriptor of the pipe, -1 once it is closed.
func (f *logFile) fd() int {
	f.intake.Lock()
	defer f.intake.Unlock()
	if f.pipe == nil {
		return -1
	}
	return f.pipe.FD()
}

// close gives up the descriptors. The lock is held, or nobody uses it any more.
func (f *logFile) close() {
	f.closed = true
	f.intake.Lock()
	if f.pipe != nil {
		f.pipe.Close()
		f.pipe = nil
	}
	f.intake.Unlock()
	if f.buffer != nil {
		f.buffer.Close()
		f.buffer = nil
	}
	f.writer.Close()
}
