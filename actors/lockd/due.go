package lockd

// rouse tells the guard once that there is something to do. l.mu is held.
func (l *locks) rouse() {
	if !l.rousing {
		l.rousing = true
		l.roused()
	}
}

// collect finds anew what is to be done.
func (l *locks) collect() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fresh, l.due = nil, nil
	l.all(func(r *resource) {
		for i := range r.owners {
			if o := &r.owners[i]; o.Bond != bound {
				l.due = append(l.due, due{o.PID, o.Start, o.Bond == lost})
			}
		}
		if r.flags&(shared|autocreate) == autocreate && !r.noted {
			l.fresh = append(l.fresh, r)
		}
	})
}

// takeDue gives the owners whose end is to be waited for, each once, and says
// whether there are notes to be written.
func (l *locks) takeDue() (list []due, fresh bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rousing = false
	seen := map[due]bool{}
	for _, d := range l.due {
		if !seen[d] {
			seen[d] = true
			list = append(list, d)
		}
	}
	l.due = nil
	return list, len(l.fresh) > 0
}

// takeFresh gives what is to get a note, by lockspace.
func (l *locks) takeFresh() map[*space][]*resource {
	l.mu.Lock()
	defer l.mu.Unlock()
	byspace := map[*space][]*resource{}
	for _, r := range l.fresh {
		if r.space.resources[r.name] == r {
			byspace[r.space] = append(byspace[r.space], r)
		}
	}
	l.fresh = nil
	return byspace
}

// end is told of the end of a connection: an owner that held locks loses them.
func (l *locks) end(c *client) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c.ended = true
	pid := c.owner.PID
	if !c.own() || l.held[pid] == 0 {
		return
	}
	l.all(func(r *resource) {
		changed := false
		for i := range r.owners {
			if o := &r.owners[i]; o.PID == pid {
				o.Bond, changed = lost, true
			}
		}
		if changed {
			l.updateOrTell(r)
		}
	})
	l.noteLate(pid)
	l.due = append(l.due, due{pid, c.owner.Start, true})
	l.rouse()
}

// settleIn looks whether a lockspace of a former program is local.
func (l *locks) settleIn(s *space) {
	s.place()
	if !s.local.Load() {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range s.resources {
		if !r.busy {
			r.lease.Local()
		}
	}
}

// unplaced gives the lockspaces of a former program, of which it is not known
// whether they are local.
func (l *locks) unplaced() (list []*space) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.spaces {
		if !s.local.Load() {
			list = append(list, s)
		}
	}
	return list
}
