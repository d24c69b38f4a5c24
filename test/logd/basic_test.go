package logd

import (
	"os"
	"testing"
	"time"

	"virtree.dev/test/peer"
)

func TestWhatAMachineWritesIsInItsLog(t *testing.T) {
	d := start(t, ours(t), "max_size = 100000\nmax_backups = 20\n")
	c := d.dial()
	pipe := c.mustOpen(d.log("vm"))
	w := writeNumbers(t, pipe, 20*time.Microsecond)
	time.Sleep(500 * time.Millisecond)
	n := w.end()
	wantNumbers(t, d.log("vm"), n)
	st, err := os.Stat(d.log("vm"))
	if err != nil {
		t.Fatal(err)
	}
	if st.Mode().Perm() != 0o600 || st.Size() > 100000 {
		t.Errorf("%v, %d bytes", st.Mode(), st.Size())
	}
	peer.Eventually(t, "the log file is free again", func() bool { _, err := c.position(d.log("vm")); return err != nil })
}
