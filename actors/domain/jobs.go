package domain

import (
	"fmt"
	"time"
)

// JobKind tells what a job is about.
type JobKind uint8

// The kinds of jobs.
const (
	NoJob JobKind = iota
	JobQuery
	JobDestroy
	JobSuspend
	JobModify
	JobStart
)

var jobNames = [...]string{"none", "query", "destroy", "suspend", "modify", "start"}

func (k JobKind) String() string { return jobNames[k] }

// Job is one thing that is done to a domain; there is one at a time.
type Job struct {
	Token  uint64 // names it; handed out by Jobs
	Kind   JobKind
	API    string // what libvirt would call the holder: "remoteDispatchDomainSuspend"
	Client string
	Since  time.Time
}

// Jobs is who holds a domain and who waits for it.
type Jobs struct {
	// MaxQueued bounds the holder and those that wait, together; 0 does not.
	MaxQueued int

	// Last is the last token handed out. A process that takes over from another sets
	// it apart, so that tokens of that one mean nothing to it.
	Last uint64

	current Job
	queue   []Job
}

// Current gives the job that holds the domain; its Kind is NoJob when nothing does.
func (j *Jobs) Current() Job { return j.current }

// All gives the job that holds the domain, then those that wait, in their order.
func (j *Jobs) All() []Job {
	if j.current.Kind == NoJob {
		return nil
	}
	return append([]Job{j.current}, j.queue...)
}

// Waiting gives the number of jobs that wait.
func (j *Jobs) Waiting() int { return len(j.queue) }

// BusyError is the error of a job that did not get its turn.
type BusyError struct {
	Holder  Job
	Crowded bool // too many waited already
}

// Error is libvirt's text for the state change lock.
func (e *BusyError) Error() string {
	s := "cannot acquire state change lock"
	if e.Holder.API != "" {
		s += fmt.Sprintf(" (held by monitor=%s)", e.Holder.API)
	}
	if e.Crowded {
		s += " due to max_queued limit"
	}
	return s
}

// Ask wants the domain for a job. It is granted at once, or waits in order: then
// Done names it later. The token names it in either case.
func (j *Jobs) Ask(job Job) (token uint64, granted bool, err error) {
	if j.current.Kind != NoJob && j.MaxQueued > 0 && len(j.queue)+2 > j.MaxQueued {
		return 0, false, &BusyError{Holder: j.current, Crowded: true}
	}
	j.Last++
	job.Token = j.Last
	if j.current.Kind == NoJob {
		j.current = job
		return job.Token, true, nil
	}
	j.queue = append(j.queue, job)
	return job.Token, false, nil
}

// Done ends the job of the token, or takes it from the queue. When another one
// gets its turn by that, its token is given.
func (j *Jobs) Done(token uint64, now time.Time) (next uint64, ok bool) {
	if j.current.Token != token || token == 0 {
		for i, w := range j.queue {
			if w.Token == token {
				j.queue = append(j.queue[:i], j.queue[i+1:]...)
				break
			}
		}
		return 0, false
	}
	j.current = Job{}
	if len(j.queue) == 0 {
		return 0, false
	}
	j.current, j.queue = j.queue[0], j.queue[1:]
	j.current.Since = now
	return j.current.Token, true
}

// Expire takes a job that waited too long from the queue and gives its error;
// nil when it has its turn by now, or is not known.
func (j *Jobs) Expire(token uint64) *BusyError {
	for i, w := range j.queue {
		if w.Token == token {
			j.queue = append(j.queue[:i], j.queue[i+1:]...)
			return &BusyError{Holder: j.current}
		}
	}
	return nil
}
