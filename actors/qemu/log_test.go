package qemu

import (
	"strings"
	"testing"
)

func TestQuotableLeavesOutWhatIsNoError(t *testing.T) {
	text := "char device redirected to /dev/pts/3 (label charserial0)\nqemu: no such disk\n"
	if got := quotable([]byte(text)); got != "qemu: no such disk" {
		t.Errorf("%q", got)
	}
}

func TestQuotableIsBounded(t *testing.T) {
	long := strings.Repeat("a line of the log\n", 200) + "the last"
	got := quotable([]byte(long))
	if len(got) > maxQuoted || !strings.HasPrefix(got, "a line") || !strings.HasSuffix(got, "the last") {
		t.Errorf("%d bytes: %.30q", len(got), got)
	}
}
