package observe

import (
	"bytes"
	"errors"
	"runtime/trace"
	"sync"
	"time"

	"virtree.dev/supervisor/gen"
)

// What is recorded is bounded: the last seconds, and so many bytes of them.
const (
	flightAge   = 10 * time.Second
	flightBytes = 16 << 20
	maxFlight   = time.Minute
	maxRecord   = 24 * time.Hour
)

// recorder keeps the last seconds of what the program's goroutines do, while
// somebody asked for it. It costs nothing otherwise.
type recorder struct {
	mu    sync.Mutex
	trace *trace.FlightRecorder // nil: nothing is recorded
	until time.Time             // zero: until the one who asked has had his dump
	dumps int                   // under way
}

// recordEnds tells the observer that a recording is over.
type recordEnds struct{}

// record begins a recording, or makes one that runs end later or sooner.
func (r *recorder) record(until time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.begin(); err != nil {
		return err
	}
	r.until = until
	return nil
}

// begin is for those who hold r.mu.
func (r *recorder) begin() error {
	if r.trace != nil {
		return nil
	}
	f := trace.NewFlightRecorder(trace.FlightRecorderConfig{MinAge: flightAge, MaxBytes: flightBytes})
	if err := f.Start(); err != nil {
		return err
	}
	r.trace = f
	return nil
}

// hold keeps a recording for a dump; fresh says that it begins with this one.
func (r *recorder) hold() (fresh bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fresh = r.trace == nil
	if err := r.begin(); err != nil {
		return false, err
	}
	r.dumps++
	return fresh, nil
}

// release ends a recording that nobody wants any more.
func (r *recorder) release() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.dumps--; r.dumps == 0 && !time.Now().Before(r.until) {
		r.end()
	}
}

// expire ends a recording whose time is over.
func (r *recorder) expire(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.dumps == 0 && !now.Before(r.until) {
		r.end()
	}
}

func (r *recorder) stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.end()
}

func (r *recorder) end() {
	if r.trace != nil {
		r.trace.Stop()
		r.trace = nil
	}
}

var errNotRecorded = errors.New("the recording was ended meanwhile")

// dump gives what was recorded. It is gathered first, so that nobody who reads
// slowly keeps others from theirs.
func (r *recorder) dump() ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.trace == nil {
		return nil, errNotRecorded
	}
	var b bytes.Buffer
	_, err := r.trace.WriteTo(&b)
	return b.Bytes(), err
}

// fly answers a request that has to do with the recorder.
func (v *viewer) fly(m *gen.Process, r Request) error {
	if r.Record != 0 {
		until := time.Now().Add(r.Record)
		if err := v.o.flight.record(until); err != nil {
			return v.complain(err)
		}
		if r.Record < 0 {
			v.o.flight.expire(time.Now())
		} else {
			v.p.SendAfter(r.Record, recordEnds{})
		}
	}
	if r.Flight == 0 {
		return nil
	}
	fresh, err := v.o.flight.hold()
	if err != nil {
		return v.complain(err)
	}
	defer v.o.flight.release()
	if fresh {
		select {
		case <-time.After(r.Flight):
		case <-m.Done():
			return nil
		}
	}
	data, err := v.o.flight.dump()
	if err != nil {
		return v.complain(err)
	}
	return v.write(data)
}
