package domain

// Destroying says whether somebody has begun to end the machine. The status file
// tells it, so that what was begun is finished by whoever reads that.
func (c *Core) Destroying() bool { return c.Active() && c.ending && c.endReason == ShutoffDestroyed }

// Passing says whether the machine is on its way to another state, which nobody should get in the way of.
func (c *Core) Passing() bool { return c.ending || c.turning || c.State == Shutdown }

// found takes up the machine as its status describes it.
func (c *Core) found(m Found) []Effect {
	c.ID, c.FakeReboot = m.ID, m.FakeReboot
	c.set(m.State, m.Reason)
	if !m.Destroying {
		return nil
	}
	c.ending, c.endReason = true, ShutoffDestroyed
	return []Effect{Kill{}}
}

// told brings the state of a machine that was found up to date. What happened
// while nobody listened is caught up on, and told to who listens now.
func (c *Core) told(m Told) []Effect {
	if !c.Active() || c.ending {
		return nil
	}
	switch {
	case c.starting():
		return c.unfinished(m)
	case c.State == Shutdown:
		return c.finishShutdown()
	case m.Running && (c.State == Paused || c.State == PMSuspended):
		c.set(Running, RunningUnpaused)
		return []Effect{SaveStatus{}, emit(Resumed, ResumedUnpaused)}
	case m.Running || c.State != Running:
	case m.Why == PausedShuttingDown:
		return c.poweredOff(PoweredOff{Detail: ShutdownFinished})
	case c.FakeReboot && m.Why == PausedUser: // reset already, and not yet running
		return c.turn()
	case m.Why == PausedCrashed:
		c.set(Crashed, CrashedPanicked)
		return []Effect{SaveStatus{}, emit(CrashedNow, CrashedPanic)}
	case m.Asleep:
		c.set(PMSuspended, 0)
		return []Effect{SaveStatus{}, emit(PMSuspendBegan, PMSuspendedMemory)}
	default:
		c.set(Paused, m.Why)
		return []Effect{SaveStatus{}, emit(Suspended, suspendedDetail(m.Why))}
	}
	return []Effect{SaveStatus{}}
}

// unfinished is a machine whose start died with the daemon. If it runs, nothing
// of weight was left to do; nobody else will complete it.
func (c *Core) unfinished(m Told) []Effect {
	if m.Running {
		c.set(Running, RunningBooted)
		return []Effect{SaveStatus{}}
	}
	c.ending, c.endReason = true, ShutoffDaemon
	return []Effect{Kill{}}
}

// finishShutdown ends a machine that has switched itself off, or turns it on again.
func (c *Core) finishShutdown() []Effect {
	if c.FakeReboot {
		c.set(Running, RunningUnknown)
		return c.turn()
	}
	return []Effect{Kill{}}
}
