package machine

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"virtree.dev/test/guest"
	"virtree.dev/test/peer"
)

func TestLogsOfMachines(t *testing.T) {
	pairings(t, func(t *testing.T, o peer.Options) {
		h := startHost(t, o)
		name := "vtlog" + strconv.Itoa(os.Getpid())
		h.define(name, machineDocument(h.guestDisk("guest.img"),
			"<serial type='pty'><log file='FILES/serial.log' append='on'/></serial>"))
		h.must("start", name)
		h.until("the guest prints", func() bool { return strings.Contains(h.text("serial.log"), guest.Greeting) })
		if log := h.log(name); !strings.Contains(log, "starting up") || !strings.Contains(log, "-name guest="+name) {
			t.Errorf("the log:\n%s", log)
		}
		h.killAndRun()
		seen := len(h.text("serial.log"))
		h.until("the guest prints on after libvirtd died", func() bool { return len(h.text("serial.log")) > seen })
		if state := h.must("domstate", name); state != "running" {
			t.Errorf("state %s", state)
		}
		h.must("destroy", name)
		h.until("the log has why it ended", func() bool {
			return strings.HasSuffix(h.log(name), "shutting down, reason=destroyed\n")
		})
		if !strings.Contains(h.log(name), "terminating on signal 15") {
			t.Errorf("the machine's last words are lost:\n%s", h.log(name))
		}
		h.crash("virtlogd")
		before := len(h.text("serial.log"))
		h.must("start", name)
		h.until("virtlogd is found again", func() bool { return len(h.text("serial.log")) > before })
		h.crash("virtlogd") // while it has pipes: the machine goes on
		if state := h.must("domstate", name); state != "running" {
			t.Errorf("without virtlogd: state %s", state)
		}
		h.must("destroy", name)
		h.until("the log goes on", func() bool { return strings.Count(h.log(name), "shutting down") == 2 })
		if n := strings.Count(h.log(name), "starting up"); n != 2 {
			t.Errorf("%d starts in the log:\n%s", n, h.log(name))
		}
	})
}

// A machine that does not come up leaves its last words in the error, whoever wrote them down.
func TestLastWordsAreTold(t *testing.T) {
	pairings(t, func(t *testing.T, o peer.Options) {
		h := startHost(t, o)
		name := "vtwords" + strconv.Itoa(os.Getpid())
		disk := h.guestDisk("guest.img")
		h.define(name+"a", machineDocument(disk, ""))
		h.define(name+"b", machineDocument(disk, ""))
		h.must("start", name+"a")
		said := h.fails("start", name+"b")
		if !strings.Contains(said, "Failed to get \"write\" lock\nIs another process using the image") ||
			!strings.Contains(said, "error: internal error: ") {
			t.Errorf("virsh said:\n%s", said)
		}
		h.until("the log has why it ended", func() bool {
			return strings.HasSuffix(h.log(name+"b"), "shutting down, reason=failed\n")
		})
		h.must("destroy", name+"a")
	})
}

func TestAVirtlogdThatCannotBeHad(t *testing.T) {
	const refused = "Failed to connect socket to '"
	t.Run("wanted", func(t *testing.T) {
		h := startHost(t, peer.Options{QEMU: "stdio_handler = \"logd\"\n", Env: []string{"VIRTLOGD_PATH=/nowhere"}})
		name := "vtnolog" + strconv.Itoa(os.Getpid())
		h.define(name, kind{devices: lean})
		said := h.fails("start", name)
		for _, part := range []string{
			refused + h.Path("run/libvirt/virtlogd-sock") + "': No such file or directory",
			"there is no program '/nowhere/virtlogd' to start",
			"stdio_handler = \"file\" in " + h.Path("config/libvirt/qemu.conf"),
		} {
			if !strings.Contains(said, part) {
				t.Errorf("%q is not in what virsh said:\n%s", part, said)
			}
		}
		if state := h.must("domstate", name); state != "shut off" {
			t.Errorf("state %s", state)
		}
		h.nothingLeft(name)
	})
	t.Run("in system mode", func(t *testing.T) {
		h := startHost(t, peer.Options{System: true})
		name := "vtnolog" + strconv.Itoa(os.Getpid())
		h.define(name, kind{devices: lean})
		said := h.fails("start", name)
		if !strings.Contains(said, refused+"/run/libvirt/virtlogd-sock': No such file or directory: start virtlogd.socket, or virtlogd itself") {
			t.Errorf("virsh said:\n%s", said)
		}
	})
	t.Run("not wanted", func(t *testing.T) {
		h := startHost(t, peer.Options{QEMU: "stdio_handler = \"file\"\n"})
		name := "vtfile" + strconv.Itoa(os.Getpid())
		h.define(name, machineDocument(h.guestDisk("guest.img"), "<serial type='pty'><log file='FILES/serial.log'/></serial>"))
		for range 2 {
			h.must("start", name)
			h.until("the guest prints", func() bool { return strings.Contains(h.text("serial.log"), guest.Greeting) })
			h.must("destroy", name)
		}
		h.until("the log has why it ended", func() bool { return strings.HasSuffix(h.log(name), "reason=destroyed\n") })
		if n := strings.Count(h.log(name), "starting up"); n != 1 {
			t.Errorf("%d starts in a log that begins anew each time", n)
		}
		if _, err := os.Stat(h.Path("run/libvirt/virtlogd.pid")); err == nil {
			t.Error("a virtlogd was started")
		}
	})
}
