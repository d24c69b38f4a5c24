package qemu

import (
	"testing"
	"time"

	"virtree.dev/actors/domain"
	"virtree.dev/supervisor/gen"
)

// Who holds a domain and who waits can be read from outside, and goes with the job.
func TestJobsAreShown(t *testing.T) {
	m := &machine{}
	if jobs := m.ObjectJobs(); len(jobs) != 0 {
		t.Errorf("before there was one: %+v", jobs)
	}
	since := time.Now()
	holder := domain.Job{Kind: domain.JobModify, API: "remoteDispatchDomainSuspend", Client: "client 3 (pid 7, uid 0)", Since: since}
	token, _, err := m.jobs.Ask(holder)
	if err != nil {
		t.Fatal(err)
	}
	if _, granted, err := m.jobs.Ask(domain.Job{Kind: domain.JobQuery, Client: "client 4", Since: since}); granted || err != nil {
		t.Fatal(granted, err)
	}
	m.listJobs()
	name := m.uuid.String()
	want := []gen.ObjectJob{
		{Object: name, Kind: "modify", API: holder.API, Client: holder.Client, Since: since},
		{Object: name, Kind: "query", Client: "client 4", Since: since, Waits: true},
	}
	if jobs := m.ObjectJobs(); len(jobs) != 2 || jobs[0] != want[0] || jobs[1] != want[1] {
		t.Errorf("got %+v, want %+v", jobs, want)
	}
	m.leaving = true // nothing is published
	m.endJob(token)
	if jobs := m.ObjectJobs(); len(jobs) != 1 || jobs[0].Waits || jobs[0].Client != "client 4" {
		t.Errorf("after the first: %+v", jobs)
	}
}
