package qemu

import (
	"sync/atomic"

	"virtree.dev/actors/domain"
	"virtree.dev/supervisor/gen"
)

// jobTable is who holds a domain and who waits for it, published for the
// observer: it can be read while the process is stuck.
type jobTable struct {
	atomic.Pointer[jobList]
}

type jobList struct {
	name string
	jobs []domain.Job
}

// listJobs publishes a change of the jobs.
func (m *machine) listJobs() {
	list := &jobList{name: m.uuid.String(), jobs: m.jobs.All()}
	if d := m.document(); d != nil {
		list.name = d.Name
	}
	m.shown.Store(list)
}

// ObjectJobs implements gen.Busied.
func (m *machine) ObjectJobs() []gen.ObjectJob {
	list := m.shown.Load()
	if list == nil {
		return nil
	}
	out := make([]gen.ObjectJob, len(list.jobs))
	for i, j := range list.jobs {
		out[i] = gen.ObjectJob{Object: list.name, Kind: j.Kind.String(), API: j.API, Client: j.Client, Since: j.Since, Waits: i > 0}
	}
	return out
}
