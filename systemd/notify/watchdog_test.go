package notify

import (
	"testing"
	"time"
)

func TestWatchdogTime(t *testing.T) {
	for _, tt := range []struct {
		usec, pid string
		want      time.Duration
	}{
		{"", "", 0},
		{"30000000", "", 30 * time.Second},
		{"30000000", "7", 30 * time.Second},
		{"30000000", "8", 0},
		{"0", "7", 0},
		{"-1", "7", 0},
		{"x", "7", 0},
		{"99999999999999999", "7", 0},
	} {
		got := watchdogTime(func(name string) string {
			return map[string]string{"WATCHDOG_USEC": tt.usec, "WATCHDOG_PID": tt.pid}[name]
		}, 7)
		if got != tt.want {
			t.Errorf("%s %s: %s, want %s", tt.usec, tt.pid, got, tt.want)
		}
	}
}
