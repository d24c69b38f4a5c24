package wire

import (
	"slices"
	"testing"

	"virtree.dev/test/peer"
)

// session is a daemon of a user.
var session = place{
	options: peer.Options{Args: []string{"-t", "300"}},
	socket:  (*peer.Daemon).Socket,
}

func TestFrames(t *testing.T) {
	p := session
	p.golden = "frames.golden"
	compare(t, p, slices.Concat(framing, headers, lifecycle, arguments, descriptors))
}
