package validation

import "virtree.dev/protocol/xml/domain"

func (v *check) diskThreads(k *domain.Disk) {
	r := &k.Driver
	if r.IOThread == 0 && len(r.IOThreads) == 0 {
		return
	}
	v.refuse(k.Bus != "virtio", "IOThreads not available for bus %s target %s", k.Bus, k.Target)
	if len(r.IOThreads) > 0 {
		v.refuse(!v.has("virtio-blk.iothread-mapping"), "IOThread mapping for disk '%s' is not available with this QEMU binary", k.Target)
		v.threadMap(r.IOThreads, r.Queues)
		return
	}
	v.refuse(v.doc.IOThread(r.IOThread) == nil, "Disk iothread '%d' not defined in iothreadid", r.IOThread)
}

// threadMap wants every thread once, and every queue by one thread if any queue is given.
func (v *check) threadMap(threads []domain.IOThreadQueues, queues uint) {
	mapped := len(threads[0].Queues) > 0
	v.refuse(mapped && queues == 0, "disk 'queue' count must be configured for explicit iothread to queue mapping")
	seen, taken := map[uint]bool{}, map[uint]bool{}
	for _, t := range threads {
		v.refuse(seen[t.ID], "Duplicate mapping for iothread '%d'", t.ID)
		seen[t.ID] = true
		v.refuse(v.doc.IOThread(t.ID) == nil, "Disk iothread '%d' not defined in iothreadid", t.ID)
		v.refuse(len(t.Queues) > 0 != mapped, "iothread to queue mapping must be provided for all iothreads or for none")
		for _, q := range t.Queues {
			v.refuse(q >= queues, "disk iothread queue '%d' mapping out of range", q)
			v.refuse(taken[q], "disk iothread queue '%d' is already assigned", q)
			taken[q] = true
		}
	}
	if !mapped || !v.OK() {
		return
	}
	for q := range queues {
		if !taken[q] {
			v.Unsupported("missing iothread mapping for queue '%d'", q)
			return
		}
	}
}
