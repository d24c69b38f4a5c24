package gen

// Down is what Monitor delivers.
type Down struct {
	Who    Ref
	Reason error
}

// Monitor makes the end of another process known by one Down, at once if it is
// gone. A second one for the same process changes nothing.
func (p *Process) Monitor(to Ref) error {
	target, err := to.proc()
	if err != nil {
		return p.proc.box.put(laneSystem, Down{to, err})
	}
	p.proc.mu.Lock()
	if p.proc.watching == nil {
		p.proc.watching = map[*proc]struct{}{}
	}
	p.proc.watching[target] = struct{}{}
	p.proc.mu.Unlock()
	if target.watch(p.proc) {
		return nil
	}
	p.proc.forgetWatched(target)
	return p.proc.box.put(laneSystem, Down{target.self(), target.reason})
}

// watch notes who wants to know of the end; false when it is over already.
func (p *proc) watch(watcher *proc) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return false
	}
	if p.monitors == nil {
		p.monitors = map[*proc]struct{}{}
	}
	p.monitors[watcher] = struct{}{}
	return true
}

func (p *proc) unwatch(watcher *proc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.monitors, watcher)
}

func (p *proc) forgetWatched(target *proc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.watching, target)
}

// Demonitor takes Monitor back. A Down that is in the mailbox already still comes.
func (p *Process) Demonitor(to Ref) {
	target, err := to.proc()
	if err != nil {
		return
	}
	target.unwatch(p.proc)
	p.proc.forgetWatched(target)
}

// tellMonitors is called once, when p has ended: who watches it hears of it,
// and those that it watched forget it.
func (p *proc) tellMonitors(reason error) {
	p.mu.Lock()
	p.over, p.reason = true, reason
	monitors, watching := p.monitors, p.watching
	p.monitors, p.watching = nil, nil
	p.mu.Unlock()
	for target := range watching {
		target.unwatch(p)
	}
	for w := range monitors {
		w.forgetWatched(p)
		_ = w.box.put(laneSystem, Down{p.self(), reason})
	}
}
