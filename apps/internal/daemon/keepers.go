package daemon

import (
	"errors"
	"fmt"

	"go.uber.org/zap"

	"virtree.dev/internal/logging"
	"virtree.dev/supervisor/act"
	"virtree.dev/supervisor/gen"
)

const logName = "log"

// reopen asks the log for new files after a rotation.
type reopen struct{}

// logKeeper is the log's place in the tree: it shows the settings and reopens
// the outputs. Messages are written by whoever has them.
type logKeeper struct {
	act.Actor
	log *logging.Log
}

// HandleMessage reopens the outputs.
func (k *logKeeper) HandleMessage(_ *gen.Process, msg any) error {
	if _, ok := msg.(reopen); ok {
		if err := k.log.Reopen(); err != nil {
			k.log.Logger(logName).Error("cannot reopen the log", zap.Error(err))
		}
	}
	return nil
}

// HandleInspect shows the settings.
func (k *logKeeper) HandleInspect(*gen.Process) map[string]string {
	return map[string]string{
		"priority": k.log.Priority().String(), "filters": k.log.Filters(), "outputs": k.log.Outputs(),
	}
}

// reportTo logs what the runtime has to tell of its processes.
func reportTo(log *zap.Logger) func(gen.Report) {
	return func(r gen.Report) {
		var panicked *gen.PanicError
		switch {
		case r.Stuck:
			log.Error(r.Reason.Error())
		case errors.As(r.Reason, &panicked):
			log.Error(fmt.Sprintf("process %s: %v\n%s", r.Who(), r.Reason, panicked.Stack))
		default:
			log.Warn(fmt.Sprintf("process %s ended: %v", r.Who(), r.Reason))
		}
	}
}
