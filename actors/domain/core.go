package domain

// Core decides what follows from what happens to one domain.
type Core struct {
	State      State
	Reason     Reason
	ID         int // of the running machine, -1 without one
	Persistent bool

	// What the document wants done.
	OnPoweroff, OnReboot, OnCrash string

	// FakeReboot makes the next power-off a reboot: the client asked for one by ACPI.
	FakeReboot bool

	pauseReason Reason // why the next stop of the processors will be
	runReason   Reason // why the next start of the processors will be
	endReason   Reason // why the machine's process will end, when somebody ends it
	ending      bool
	turning     bool // a power-off is being turned into a reboot
}

// NewCore gives the core of a domain that does not run.
func NewCore(persistent bool) Core {
	return Core{State: Shutoff, ID: -1, Persistent: persistent}
}

// Active says whether the domain has a machine.
func (c *Core) Active() bool { return c.ID >= 0 }

// Message is something that happened.
//
//sumtype:decl
type Message interface{ message() }

// The messages of a Core.
type (
	// Launching: a machine is about to be made.
	Launching struct{ ID int }
	// Launched: the machine is complete; it runs, or stays paused for the client.
	Launched struct{ Paused bool }
	// LaunchFailed: there will be no machine.
	LaunchFailed struct{}
	// Found: a former daemon's status of a machine was found. Destroying says that
	// somebody had begun to end it.
	Found struct {
		ID         int
		State      State
		Reason     Reason
		FakeReboot bool
		Destroying bool
	}
	// Told is what a machine that was found says of itself: whether it runs, or why not.
	Told struct {
		Running bool
		Asleep  bool
		Why     Reason // of Paused
	}
	// PauseComing: the next stop has this reason.
	PauseComing struct{ Reason Reason }
	// RunComing: the next start of the processors has this reason.
	RunComing struct{ Reason Reason }
	// RebootComing says whether the next power-off is to be a reboot.
	RebootComing struct{ Wanted bool }
	// ProcessorsStopped is QEMU's STOP.
	ProcessorsStopped struct{}
	// ProcessorsStarted is QEMU's RESUME.
	ProcessorsStarted struct{}
	// PoweredOff is QEMU's SHUTDOWN; Detail is that of the event.
	PoweredOff struct{ Detail int32 }
	// WasReset is QEMU's RESET.
	WasReset struct{}
	// Slept: the guest put itself to sleep.
	Slept struct{ ToDisk bool }
	// WokeUp: the guest woke.
	WokeUp struct{}
	// Panicked: the guest's kernel gave up.
	Panicked struct{ Loaded bool }
	// Ending: somebody ends the machine, for this reason.
	Ending struct{ Reason Reason }
	// Exited: the machine's process is gone.
	Exited struct{}
)

func (Launching) message()         {}
func (Launched) message()          {}
func (LaunchFailed) message()      {}
func (Found) message()             {}
func (Told) message()              {}
func (PauseComing) message()       {}
func (RunComing) message()         {}
func (RebootComing) message()      {}
func (ProcessorsStopped) message() {}
func (ProcessorsStarted) message() {}
func (PoweredOff) message()        {}
func (WasReset) message()          {}
func (Slept) message()             {}
func (WokeUp) message()            {}
func (Panicked) message()          {}
func (Ending) message()            {}
func (Exited) message()            {}

// Effect is something to be done.
//
//sumtype:decl
type Effect interface{ effect() }

// The effects of a Core.
type (
	// SaveStatus writes the status file.
	SaveStatus struct{}
	// Emit tells subscribers of a lifecycle event.
	Emit struct {
		Type   Lifecycle
		Detail int32
		ID     int // of the machine when that is gone by now and is still to be named
	}
	// EmitReboot tells subscribers of a reboot.
	EmitReboot struct{}
	// Reboot resets the machine and lets it run again.
	Reboot struct{}
	// Kill ends the machine's process. What its monitor says from then on is of no
	// interest when it is Deaf.
	Kill struct{ Deaf bool }
	// Clean takes away what the machine's process left behind.
	Clean struct{}
	// Forget removes a transient domain.
	Forget struct{}
)

func (SaveStatus) effect() {}
func (Emit) effect()       {}
func (EmitReboot) effect() {}
func (Reboot) effect()     {}
func (Kill) effect()       {}
func (Clean) effect()      {}
func (Forget) effect()     {}

// Step takes a message and gives what must be done, in that order.
func (c *Core) Step(m Message) []Effect {
	switch m := m.(type) {
	case Launching:
		return c.launching(m)
	case Launched:
		return c.launched(m)
	case LaunchFailed:
		return c.gone(ShutoffFailed, nil)
	case Found:
		return c.found(m)
	case Told:
		return c.told(m)
	case PauseComing:
		c.pauseReason = m.Reason
	case RunComing:
		c.runReason = m.Reason
	case RebootComing:
		c.FakeReboot = m.Wanted
		return []Effect{SaveStatus{}}
	case ProcessorsStopped:
		return c.processorsStopped()
	case ProcessorsStarted:
		return c.processorsStarted()
	case PoweredOff:
		return c.poweredOff(m)
	case WasReset:
		return c.wasReset()
	case Slept:
		return c.slept(m)
	case WokeUp:
		return c.wokeUp()
	case Panicked:
		return c.panicked(m)
	case Ending:
		c.ending, c.endReason = true, m.Reason
		c.FakeReboot, c.turning = false, false
		return []Effect{SaveStatus{}}
	case Exited:
		return c.exited()
	}
	return nil
}

func emit(what Lifecycle, detail int32) Emit { return Emit{Type: what, Detail: detail} }

func (c *Core) set(s State, r Reason) { c.State, c.Reason = s, r }

// starting says whether the machine is still being made.
func (c *Core) starting() bool { return c.State == Paused && c.Reason == PausedStartingUp }

func (c *Core) launching(m Launching) []Effect {
	fresh := NewCore(c.Persistent)
	fresh.OnPoweroff, fresh.OnReboot, fresh.OnCrash = c.OnPoweroff, c.OnReboot, c.OnCrash
	*c = fresh
	c.ID = m.ID
	c.set(Paused, PausedStartingUp)
	return []Effect{SaveStatus{}}
}

// launched tells of the start after the processors' own event, as libvirt does.
func (c *Core) launched(m Launched) []Effect {
	effects := []Effect{SaveStatus{}, emit(Started, StartedBooted)}
	if m.Paused {
		c.set(Paused, PausedUser)
		return append(effects, emit(Suspended, SuspendedPaused))
	}
	c.set(Running, RunningBooted)
	return effects
}

func (c *Core) processorsStopped() []Effect {
	reason := c.pauseReason
	c.pauseReason = PausedUnknown
	// The stop that belongs to a reboot is nobody's business.
	if c.State != Running || c.turning {
		return nil
	}
	c.set(Paused, reason)
	return []Effect{SaveStatus{}, emit(Suspended, suspendedDetail(reason))}
}

func (c *Core) processorsStarted() []Effect {
	reason := c.runReason
	c.runReason = RunningUnknown
	if reason == RunningUnknown {
		reason = RunningUnpaused
	}
	var turned []Effect
	if c.turning {
		c.turning, c.FakeReboot = false, false
		turned = []Effect{SaveStatus{}}
	}
	if !c.Active() || c.ending {
		return nil
	}
	if c.State == Running {
		return turned
	}
	c.set(Running, reason)
	return []Effect{SaveStatus{}, emit(Resumed, resumedDetail(reason))}
}

func (c *Core) poweredOff(m PoweredOff) []Effect {
	if !c.Active() || c.State == Shutdown || c.starting() && c.ending {
		return nil
	}
	if c.FakeReboot || c.OnPoweroff == "restart" {
		return c.turn()
	}
	c.set(Shutdown, 0)
	return []Effect{SaveStatus{}, emit(ShutdownBegan, m.Detail), Kill{}}
}

// turn makes a reboot of a power-off. It stays wanted until the machine runs
// again: a daemon that dies meanwhile leaves the rest to the next one.
func (c *Core) turn() []Effect {
	c.FakeReboot, c.turning = true, true
	return []Effect{SaveStatus{}, Reboot{}}
}

func (c *Core) wasReset() []Effect {
	// Resets while the machine is being made are libvirt's own.
	if !c.Active() || c.starting() {
		return nil
	}
	if !c.turning { // the guest did it by itself
		c.FakeReboot = false
	}
	effects := []Effect{EmitReboot{}, SaveStatus{}}
	if c.OnReboot == "destroy" || c.OnReboot == "preserve" {
		c.ending, c.endReason = true, ShutoffShutdown
		effects = append(effects, Kill{})
	}
	return effects
}

func (c *Core) slept(m Slept) []Effect {
	if c.State != Running {
		return nil
	}
	c.set(PMSuspended, 0)
	if m.ToDisk {
		return []Effect{SaveStatus{}, emit(PMSuspendBegan, PMSuspendedDisk)}
	}
	return []Effect{SaveStatus{}, emit(PMSuspendBegan, PMSuspendedMemory)}
}

func (c *Core) wokeUp() []Effect {
	if c.State != PMSuspended {
		return nil
	}
	c.set(Running, RunningWakeup)
	return []Effect{SaveStatus{}, emit(Started, StartedWakeup)}
}

func (c *Core) panicked(m Panicked) []Effect {
	if !c.Active() {
		return nil
	}
	if m.Loaded { // the guest's own crash kernel takes over
		return []Effect{emit(CrashedNow, CrashedCrashload)}
	}
	c.set(Crashed, CrashedPanicked)
	effects := []Effect{SaveStatus{}, emit(CrashedNow, CrashedPanic)}
	switch c.OnCrash {
	case "restart", "rename-restart":
		c.turning = true
		return append(effects, Reboot{})
	case "preserve":
		return effects
	}
	c.ending, c.endReason = true, ShutoffCrashed
	return append(effects, Kill{Deaf: true})
}

// exited tells why a machine ended: somebody wanted it, the guest switched itself off, or neither.
func (c *Core) exited() []Effect {
	if !c.Active() {
		return nil
	}
	reason := ShutoffCrashed
	detail := int32(StoppedFailed)
	switch {
	case c.starting() && c.endReason == ShutoffDaemon:
		return c.gone(ShutoffDaemon, nil) // nobody was told of a start
	case c.starting() && c.endReason != ShutoffDestroyed:
		return c.gone(ShutoffFailed, nil)
	case c.ending:
		reason = c.endReason
		detail = stoppedDetail(reason)
	case c.State == Shutdown:
		reason, detail = ShutoffShutdown, StoppedShutdown
	}
	stopped := emit(Stopped, detail)
	if !c.ending { // libvirt names the machine that ended by itself, but no more one that it has ended
		stopped.ID = c.ID
	}
	return c.gone(reason, []Effect{stopped})
}

func (c *Core) gone(reason Reason, told []Effect) []Effect {
	persistent := c.Persistent
	fresh := NewCore(persistent)
	fresh.OnPoweroff, fresh.OnReboot, fresh.OnCrash = c.OnPoweroff, c.OnReboot, c.OnCrash
	*c = fresh
	c.set(Shutoff, reason)
	effects := append([]Effect{Clean{}}, told...)
	if !persistent {
		effects = append(effects, Forget{})
	}
	return effects
}
