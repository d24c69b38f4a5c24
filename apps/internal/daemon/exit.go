package daemon

import "fmt"

// stage is where a start failed; its number is the exit code, as in libvirt.
type stage int

const (
	stageNone stage = iota
	stagePIDFile
	stageRunDir
	stageInit
	stageSignal
	stagePrivileges
	stageNetwork
	stageConfig
	stageHooks
	stageReexec
	stageAudit
	stageDriver

	exitFailure = 1 // a bad command line or configuration file
)

func (s stage) String() string {
	return [...]string{
		"Initialization successful",
		"Unable to obtain pidfile",
		"Unable to create rundir",
		"Unable to initialize libvirt",
		"Unable to setup signal handlers",
		"Unable to drop privileges",
		"Unable to initialize network sockets",
		"Unable to load configuration file",
		"Unable to look for hook scripts",
		"Unable to re-execute daemon",
		"Unable to initialize audit system",
		"Unable to initialize driver",
	}[s]
}

// startError is a start that failed at a stage.
type startError struct {
	stage stage
	err   error
}

func (e *startError) Error() string { return e.err.Error() }
func (e *startError) Unwrap() error { return e.err }

func failAt(s stage, format string, args ...any) error {
	return &startError{stage: s, err: fmt.Errorf(format, args...)}
}
