package gen_test

import (
	"testing"
	"time"

	"virtree.dev/supervisor/gen"
)

// busied holds an object for others.
type busied struct {
	script
	jobs []gen.ObjectJob
}

func (b *busied) ObjectJobs() []gen.ObjectJob { return b.jobs }

func TestObjectJobsOfAllProcesses(t *testing.T) {
	bubble(t, func(t *testing.T) {
		sys := gen.NewSystem()
		now := time.Now()
		child := func(name string, jobs ...gen.ObjectJob) gen.Child {
			return gen.Child{Name: name, New: func() gen.Behavior { return &busied{jobs: jobs} }}
		}
		young := gen.ObjectJob{Object: "young", Since: now}
		old := gen.ObjectJob{Object: "old", Since: now.Add(-time.Minute)}
		waits := gen.ObjectJob{Object: "old", Since: now.Add(-time.Second), Waits: true}
		top := start(t, sys, "top", &script{init: func(p *gen.Process) error {
			for _, c := range []gen.Child{child("a", young), child("b", old, waits), child("c")} {
				if _, err := p.Spawn(c); err != nil {
					return err
				}
			}
			return nil
		}})
		if jobs := sys.ObjectJobs(); len(jobs) != 3 || jobs[0] != old || jobs[1] != waits || jobs[2] != young {
			t.Errorf("%+v", jobs)
		}
		stop(t, sys, top)
	})
}
