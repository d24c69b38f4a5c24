package system

import (
	"encoding/binary"
	"testing"
	"time"

	"virtree.dev/test/peer"
)

// A host goes from Debian's daemon to ours and back, with machines running, and each machine
// is ended by the daemon that did not start it.
func TestTakeOverInSystemMode(t *testing.T) {
	peer.NeedReal(t)
	r := newRoom(t)
	r.boot()
	r.start(peer.Real())
	for _, name := range []string{"theirs", "stays"} {
		r.define(name, "")
		r.must("start", name)
		r.whileRunning(name)
	}
	pid := r.machine("theirs")
	r.kill()

	r.start(peer.Build(t))
	r.whileRunning("theirs")
	r.whileRunning("stays")
	if got := r.machine("theirs"); got != pid {
		t.Errorf("process %d, was %d", got, pid)
	}
	for _, c := range []string{"suspend", "resume"} {
		r.must(c, "theirs")
	}
	r.must("destroy", "theirs")
	r.afterwards("theirs")
	r.define("ours", "")
	r.must("start", "ours")
	r.whileRunning("ours")
	r.kill()

	r.start(peer.Real())
	r.whileRunning("ours")
	r.must("destroy", "stays")
	r.afterwards("stays")
	r.must("destroy", "ours")
	r.afterwards("ours")
}

// boot writes down when the host was started. Without it Debian's daemon takes the time of day at its
// own start, is a second off now and then, and believes nothing that a file remembers.
func (r *room) boot() {
	const size, seconds, kind = 384, 340, 2
	record := make([]byte, size)
	record[0] = kind
	binary.LittleEndian.PutUint32(record[seconds:], uint32(time.Now().Unix()))
	r.write("/run/utmp", string(record))
}
