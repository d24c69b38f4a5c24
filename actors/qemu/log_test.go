package qemu

import (
	"strings"
	"testing"
	"time"
)

func TestLogTail(t *testing.T) {
	dir := t.TempDir()
	for range 2 { // the second run must not quote the first
		l, err := openLog(dir, "web")
		if err != nil {
			t.Fatal(err)
		}
		l.say(time.Unix(0, 5e6), "starting up")
		_, _ = l.file.WriteString("char device redirected to /dev/pts/3 (label charserial0)\nqemu: no such disk\n")
		if got := l.tail(); got != "qemu: no such disk" {
			t.Errorf("tail = %q", got)
		}
		l.file.Close()
	}
}

func TestQuotableIsBounded(t *testing.T) {
	long := strings.Repeat("a line of the log\n", 200) + "the last"
	got := quotable([]byte(long))
	if len(got) > maxQuoted || !strings.HasPrefix(got, "a line") || !strings.HasSuffix(got, "the last") {
		t.Errorf("%d bytes: %.30q", len(got), got)
	}
}
