package qemu

import (
	"virtree.dev/internal/sys"
	xml "virtree.dev/protocol/xml/domain"
)

// bind gives the machine's threads the host's processors and the schedulers that the document wants.
func (s *starter) bind() error {
	if err := s.bindThread(s.pid, s.def.CPUTune.EmulatorPin, s.def.CPUTune.EmulatorSched); err != nil {
		return err
	}
	for _, v := range s.status.VCPUs {
		tuned := xml.VirtualCPU{}
		if int(v.ID) < len(s.def.VCPU.List) {
			tuned = s.def.VCPU.List[v.ID]
		}
		if err := s.bindThread(v.PID, tuned.Pin, tuned.Sched); err != nil {
			return err
		}
	}
	if len(s.def.IOThreads) == 0 {
		return nil
	}
	threads, err := s.drv.iothreads(s.ctx, s.dom)
	if err != nil {
		return err
	}
	for _, t := range s.def.IOThreads {
		if tid := threads[iothreadAlias(t.ID)]; tid == 0 {
			return errInternal("iothread %d not found", t.ID)
		} else if err := s.bindThread(tid, t.Pin, t.Sched); err != nil {
			return err
		}
	}
	return nil
}

// bindThread binds a thread to its own processors, or to those of the whole machine.
func (s *starter) bindThread(tid int, pin *xml.CPUSet, sched *xml.Sched) error {
	switch {
	case pin != nil:
	case s.def.VCPU.Placement == "auto" && s.advice != nil:
		pin = s.advice.cpus
	default:
		pin = s.def.VCPU.CPUSet
	}
	if pin != nil {
		if err := pinThread(tid, pin); err != nil {
			return err
		}
	}
	if sched == nil {
		return nil
	}
	if err := sys.SetScheduler(tid, schedulers[sched.Policy], sched.Priority); err != nil {
		return errSystem(err, "Cannot set scheduler parameters for pid %d", tid)
	}
	return nil
}

// schedulers are the kernel's, by their names in documents.
var schedulers = map[string]sys.Scheduler{
	"batch": sys.SchedBatch, "idle": sys.SchedIdle, "fifo": sys.SchedFIFO, "rr": sys.SchedRR,
}
