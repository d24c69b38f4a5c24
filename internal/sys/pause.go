package sys

import (
	"time"

	"golang.org/x/sys/unix"
)

// Pause holds up this thread for less time than a goroutine's sleep is good for.
func Pause(d time.Duration) {
	t := unix.NsecToTimespec(int64(d))
	_ = unix.Nanosleep(&t, nil) // a signal ends it, which does no harm
}
