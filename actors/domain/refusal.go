package domain

import (
	"fmt"
	"time"
)

// Refusal is libvirt's line in the log about a job that did not get its turn: which
// one, and who has held the domain for how long. An agent's job is none of ours.
func (j *Jobs) Refusal(job Job, name string, now time.Time) string {
	holder := &j.current
	active, async := holder.Kind.split()
	wanted, wantedAsync := job.Kind.split()
	owners := [2]string{"0 <null>", "0 <null>"}
	var held [2]int64
	place := 0
	if async != NoJob {
		place = 1
	}
	if holder.Kind != NoJob {
		owners[place] = fmt.Sprintf("%d %s", uint32(holder.Token), holder.API)
		held[place] = int64(now.Sub(holder.Since).Seconds())
	}
	return fmt.Sprintf("Cannot start job (%s, none, %s) in API %s for domain %s; current job is (%s, none, %s) "+
		"owned by (%s, 0 <null>, %s (flags=0x0)) for (%ds, 0s, %ds)",
		wanted, wantedAsync, job.API, name, active, async, owners[0], owners[1], held[0], held[1])
}

// split tells the long jobs, which libvirt calls asynchronous, from the others.
func (k JobKind) split() (job, async JobKind) {
	if k == JobStart {
		return NoJob, k
	}
	return k, NoJob
}
