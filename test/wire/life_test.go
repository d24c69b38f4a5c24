package wire

import (
	"syscall"
	"testing"

	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/wire/wiretest"
	"virtree.dev/test/peer"
)

// each runs a test with our daemon, and with libvirt's where it is installed.
func each(t *testing.T, f func(t *testing.T, binary string)) {
	t.Run("virtree", func(t *testing.T) { f(t, peer.Build(t)) })
	if peer.Real() != "" {
		t.Run("libvirt", func(t *testing.T) { f(t, peer.Real()) })
	}
}

// A daemon that stops closes its connections and says nothing.
func TestStopEndsEveryClient(t *testing.T) {
	each(t, func(t *testing.T, binary string) {
		d := peer.Start(t, peer.Options{Binary: binary})
		silent, open, watching := wiretest.Dial(t, d.Socket()), wiretest.Dial(t, d.Socket()), wiretest.Dial(t, d.Socket())
		open.Open("")
		watching.Open("")
		for _, proc := range []int32{remote.ProcConnectRegisterCloseCallback, remote.ProcConnectDomainEventRegister} {
			if err := watching.Call(proc, nil, nil); err != nil {
				t.Fatal(err)
			}
		}
		half := wiretest.Dial(t, d.Socket())
		half.Write([]byte{0, 0, 0, 28, 1})
		d.Stop(t)
		for i, c := range []*wiretest.Client{silent, open, watching, half} {
			if !c.Closed() {
				t.Errorf("client %d heard something", i)
			}
		}
	})
}

// The sockets of a daemon that was killed do not keep the next one from its own.
func TestSocketsOfAKilledDaemonAreReplaced(t *testing.T) {
	each(t, func(t *testing.T, binary string) {
		d := peer.Start(t, peer.Options{Binary: binary})
		c := wiretest.Dial(t, d.Socket())
		c.Open("")
		d.Signal(t, syscall.SIGKILL)
		if !c.Closed() {
			t.Error("still connected")
		}
		d.Stop(t)
		d.Run(t)
		wiretest.Dial(t, d.Socket()).Open("")
	})
}
