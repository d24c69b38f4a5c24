package daemon

import (
	"strings"
	"time"

	"virtree.dev/systemd/notify"
)

// watchdogDepth is how far below the root supervisors must answer: those of
// drivers and servers. One machine's supervisor is not the daemon's health.
const watchdogDepth = 1

// watchdog reports to the service manager, as often as it wants, as long as the
// tree answers; where it wants nothing there is nothing to wait for.
type watchdog struct {
	ticks  <-chan time.Time
	ticker *time.Ticker
	wait   time.Duration
}

func newWatchdog() *watchdog {
	w := &watchdog{}
	if every := notify.WatchdogTime(); every > 0 {
		w.ticker = time.NewTicker(every / 3)
		w.ticks, w.wait = w.ticker.C, every/4
	}
	return w
}

func (w *watchdog) stop() {
	if w.ticker != nil {
		w.ticker.Stop()
	}
}

// feed asks the tree. A part that does not answer lets the watchdog bite.
func (w *watchdog) feed(s *setup, t *tree) {
	if silent := t.system.Silent(t.root, watchdogDepth, w.wait); len(silent) > 0 {
		s.logger.Error("no answer from " + strings.Join(silent, ", ") + ": the service manager's watchdog is not fed")
		return
	}
	s.tell(notify.Watchdog)
}
