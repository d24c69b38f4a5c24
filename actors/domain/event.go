package domain

// Lifecycle is the type of a lifecycle event, in the API's numbers.
type Lifecycle int32

// The types of lifecycle events.
const (
	Defined Lifecycle = iota
	Undefined
	Started
	Suspended
	Resumed
	Stopped
	ShutdownBegan
	PMSuspendBegan
	CrashedNow
)

// Details of lifecycle events, by type.
const (
	DefinedAdded   = 0
	DefinedUpdated = 1
	DefinedRenamed = 2

	UndefinedRemoved = 0
	UndefinedRenamed = 1

	StartedBooted       = 0
	StartedMigrated     = 1
	StartedRestored     = 2
	StartedFromSnapshot = 3
	StartedWakeup       = 4

	SuspendedPaused       = 0
	SuspendedMigrated     = 1
	SuspendedIOError      = 2
	SuspendedWatchdog     = 3
	SuspendedRestored     = 4
	SuspendedFromSnapshot = 5
	SuspendedAPIError     = 6
	SuspendedPostcopy     = 7

	ResumedUnpaused     = 0
	ResumedMigrated     = 1
	ResumedFromSnapshot = 2

	StoppedShutdown     = 0
	StoppedDestroyed    = 1
	StoppedCrashed      = 2
	StoppedMigrated     = 3
	StoppedSaved        = 4
	StoppedFailed       = 5
	StoppedFromSnapshot = 6

	ShutdownFinished = 0
	ShutdownGuest    = 1
	ShutdownHost     = 2

	PMSuspendedMemory = 0
	PMSuspendedDisk   = 1

	CrashedPanic     = 0
	CrashedCrashload = 1
)

// suspendedDetail tells of a pause by its reason.
func suspendedDetail(r Reason) int32 {
	switch r {
	case PausedMigration:
		return SuspendedMigrated
	case PausedIOError:
		return SuspendedIOError
	case PausedWatchdog:
		return SuspendedWatchdog
	case PausedFromSnapshot:
		return SuspendedFromSnapshot
	case PausedPostcopy, PausedPostcopyFailed:
		return SuspendedPostcopy
	case PausedAPIError:
		return SuspendedAPIError
	}
	return SuspendedPaused
}

// resumedDetail tells of a resumption by its reason.
func resumedDetail(r Reason) int32 {
	switch r {
	case RunningMigrated:
		return ResumedMigrated
	case RunningFromSnapshot:
		return ResumedFromSnapshot
	}
	return ResumedUnpaused
}

// stoppedDetail tells of an end by its reason.
func stoppedDetail(r Reason) int32 {
	switch r {
	case ShutoffShutdown:
		return StoppedShutdown
	case ShutoffDestroyed:
		return StoppedDestroyed
	case ShutoffCrashed:
		return StoppedCrashed
	case ShutoffMigrated:
		return StoppedMigrated
	case ShutoffSaved:
		return StoppedSaved
	case ShutoffFromSnapshot:
		return StoppedFromSnapshot
	}
	return StoppedFailed
}
