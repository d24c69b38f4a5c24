package gen

import (
	"slices"
	"time"
)

// ObjectJob is something that is done to an object which takes one such thing at
// a time, or that waits for its turn.
type ObjectJob struct {
	Object string    `json:"object"`
	Kind   string    `json:"kind"`
	API    string    `json:"api,omitempty"`
	Client string    `json:"client,omitempty"` // for whom; empty: for the process itself
	Since  time.Time `json:"since"`            // it holds the object, or waits
	Waits  bool      `json:"waits,omitempty"`
}

// Busied is a Behavior whose object has jobs. ObjectJobs is called by the
// observer's goroutine at any time.
type Busied interface{ ObjectJobs() []ObjectJob }

// ObjectJobs gives the jobs of all processes, those of the oldest holders first,
// each with those that wait for it.
func (s *System) ObjectJobs() []ObjectJob {
	s.mu.RLock()
	procs := slices.Clone(s.roots)
	s.mu.RUnlock()
	var lists [][]ObjectJob
	for len(procs) > 0 {
		p := procs[len(procs)-1]
		procs = procs[:len(procs)-1]
		if b, ok := p.behavior.(Busied); ok {
			if jobs := b.ObjectJobs(); len(jobs) > 0 {
				lists = append(lists, jobs)
			}
		}
		p.mu.Lock()
		procs = append(procs, p.children...)
		p.mu.Unlock()
	}
	slices.SortStableFunc(lists, func(a, b []ObjectJob) int { return a[0].Since.Compare(b[0].Since) })
	return slices.Concat(lists...)
}
