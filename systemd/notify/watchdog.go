package notify

import (
	"os"
	"strconv"
	"time"
)

// Watchdog tells the service manager that the daemon is well.
const Watchdog = "WATCHDOG=1"

// WatchdogTime is how often the service manager wants to hear Watchdog at least,
// by WATCHDOG_USEC and WATCHDOG_PID; 0 where it does not.
func WatchdogTime() time.Duration { return watchdogTime(os.Getenv, os.Getpid()) }

func watchdogTime(getenv func(string) string, pid int) time.Duration {
	if who := getenv("WATCHDOG_PID"); who != "" && who != strconv.Itoa(pid) {
		return 0
	}
	usec, err := strconv.ParseInt(getenv("WATCHDOG_USEC"), 10, 64)
	if err != nil || usec <= 0 || usec > int64(time.Duration(1<<62)/time.Microsecond) {
		return 0
	}
	return time.Duration(usec) * time.Microsecond
}
