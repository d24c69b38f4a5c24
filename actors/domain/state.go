package domain

// State is a domain's state, in the API's numbers.
type State int32

// The states.
const (
	NoState State = iota
	Running
	Blocked
	Paused
	Shutdown // on its way down
	Shutoff
	Crashed
	PMSuspended
)

// Reason is why a domain is in its state; each state has numbers of its own.
type Reason int32

// Reasons of Running.
const (
	RunningUnknown Reason = iota
	RunningBooted
	RunningMigrated
	RunningRestored
	RunningFromSnapshot
	RunningUnpaused
	RunningMigrationCanceled
	RunningSaveCanceled
	RunningWakeup
	RunningCrashed
)

// Reasons of Paused.
const (
	PausedUnknown Reason = iota
	PausedUser
	PausedMigration
	PausedSave
	PausedDump
	PausedIOError
	PausedWatchdog
	PausedFromSnapshot
	PausedShuttingDown
	PausedSnapshot
	PausedCrashed
	PausedStartingUp
	PausedPostcopy
	PausedPostcopyFailed
	PausedAPIError
)

// Reasons of Shutoff.
const (
	ShutoffUnknown Reason = iota
	ShutoffShutdown
	ShutoffDestroyed
	ShutoffCrashed
	ShutoffMigrated
	ShutoffSaved
	ShutoffFailed
	ShutoffFromSnapshot
	ShutoffDaemon
)

// Reasons of Crashed.
const (
	CrashedUnknown Reason = iota
	CrashedPanicked
)

var stateNames = [...]string{
	"nostate", "running", "blocked", "paused", "shutdown", "shutoff", "crashed", "pmsuspended",
}

var reasonNames = [...][]string{
	NoState: {"unknown"},
	Running: {
		"unknown", "booted", "migrated", "restored", "from snapshot", "unpaused",
		"migration canceled", "save canceled", "wakeup", "crashed", "post-copy", "post-copy failed",
	},
	Blocked: {"unknown"},
	Paused: {
		"unknown", "user", "migration", "save", "dump", "ioerror", "watchdog", "from snapshot",
		"shutdown", "snapshot", "panicked", "starting up", "post-copy", "post-copy failed", "api error",
	},
	Shutdown: {"unknown", "user"},
	Shutoff: {
		"unknown", "shutdown", "destroyed", "crashed", "migrated", "saved", "failed",
		"from snapshot", "daemon",
	},
	Crashed:     {"unknown", "panicked"},
	PMSuspended: {"unknown"},
}

// String gives the word of status files.
func (s State) String() string {
	if s < 0 || int(s) >= len(stateNames) {
		return stateNames[NoState]
	}
	return stateNames[s]
}

// ReasonName gives the word of status files for a reason of s.
func (s State) ReasonName(r Reason) string {
	if s < 0 || int(s) >= len(reasonNames) || r < 0 || int(r) >= len(reasonNames[s]) {
		return "unknown"
	}
	return reasonNames[s][r]
}

// ParseState reads the words of a status file; unknown ones give ok = false.
func ParseState(state, reason string) (s State, r Reason, ok bool) {
	for i, name := range stateNames {
		if name != state {
			continue
		}
		for j, why := range reasonNames[i] {
			if why == reason {
				return State(i), Reason(j), true
			}
		}
		return State(i), 0, reason == ""
	}
	return NoState, 0, false
}
