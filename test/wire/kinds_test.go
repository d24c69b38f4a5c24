package wire

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"virtree.dev/protocol/qmp/qmptest"
)

type object = map[string]any

// running are the answers of a machine that runs.
func running() map[string]any {
	return map[string]any{
		"qmp_capabilities": object{}, "query-status": object{"status": "running", "running": true},
		"query-cpus-fast": []object{{"cpu-index": 0, "thread-id": 1, "qom-path": "/machine/unattached/device[0]"}},
		"query-chardev":   []object{}, "qom-list": []object{}, "query-balloon": object{"actual": 65536 * 1024},
		"cont": object{}, "system_reset": object{}, "stop": object{},
	}
}

// kinds are events of QEMU, and what Debian's virsh then prints.
var kinds = []struct {
	event string
	data  object
	want  string
}{
	{"RESET", object{"guest": true}, "event 'reboot' for domain 'fake'"},
	{"RTC_CHANGE", object{"offset": 78}, "event 'rtc-change' for domain 'fake': 78"},
	{"WATCHDOG", object{"action": "none"}, "event 'watchdog' for domain 'fake': none"},
	{"BLOCK_IO_ERROR", object{"device": "drive-virtio-disk0", "node-name": "libvirt-2-storage", "qom-path": "/machine/peripheral/virtio-disk0/virtio-backend",
		"operation": "write", "action": "report", "nospace": true, "reason": "No space left on device"},
		"event 'io-error' for domain 'fake': /images/disk.img (virtio-disk0) report"},
	{"VNC_CONNECTED", object{
		"server": object{"auth": "none", "family": "ipv4", "service": "5900", "host": "127.0.0.1"},
		"client": object{"family": "ipv4", "service": "40000", "host": "127.0.0.2"},
	}, "event 'graphics' for domain 'fake': connect local[IPv4 127.0.0.1 5900] remote[IPv4 127.0.0.2 40000] none"},
	{"DEVICE_TRAY_MOVED", object{"device": "", "id": "ide0-1-0", "tray-open": true}, "event 'tray-change' for domain 'fake' disk ide0-1-0: opened"},
	{"BALLOON_CHANGE", object{"actual": 32768 * 1024}, "event 'balloon-change' for domain 'fake': 32768KiB"},
	{"DEVICE_DELETED", object{"device": "balloon0", "path": "/machine/peripheral/balloon0"}, "event 'device-removed' for domain 'fake': balloon0"},
	{"SUSPEND", nil, "event 'pm-suspend' for domain 'fake'"},
	{"WAKEUP", nil, "event 'pm-wakeup' for domain 'fake'"},
	{"SUSPEND_DISK", nil, "event 'pm-suspend-disk' for domain 'fake'"},
}

// Events of every kind reach a client that is not ours.
func TestEventsOfEveryKind(t *testing.T) {
	f := newFake(t, running())
	var heard sink
	listener := f.virsh("event", "--domain", fakeName, "--all", "--loop")
	listener.Stdout, listener.Stderr = &heard, &heard
	if err := listener.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = listener.Process.Kill()
		_ = listener.Wait()
	}()
	// virsh says nothing when it listens: something is changed until it hears of it.
	for range 100 {
		f.says("metadata", fakeName, "urn:test", "--live", "--key", "k", "--set", "<m/>")
		if strings.Contains(heard.text(), "metadata-change") {
			break
		}
	}
	if !heard.await(t, "event 'metadata-change' for domain 'fake': type element, uri urn:test") {
		t.Fatalf("no change of metadata was heard of:\n%s", heard.text())
	}
	for _, k := range kinds {
		f.Say(k.event, k.data)
		if !heard.await(t, k.want+"\n") {
			t.Errorf("%s: want %s, heard:\n%s", k.event, k.want, heard.text())
		}
	}
}

// A monitor that never answers holds up nobody but those who ask it.
func TestAMonitorThatNeverAnswers(t *testing.T) {
	answers := running()
	answers["stop"] = qmptest.Silent{}
	f := newFake(t, answers)
	if got := f.says("domstate", fakeName); got != "running" {
		t.Fatalf("state: %s", got)
	}
	stuck := f.virsh("suspend", fakeName)
	if err := stuck.Start(); err != nil {
		t.Fatal(err)
	}
	for f.says("domcontrol", fakeName) == "ok" {
		// until the job shows
	}
	for _, c := range []struct{ command, want string }{
		{"list --name", "fake"}, {"domstate fake", "running"}, {"dominfo fake", "UUID:           " + fakeUUID}, {"dumpxml fake", "<uuid>" + fakeUUID},
		{"domcontrol fake", "occupied"},
	} {
		if got := f.says(strings.Fields(c.command)...); !strings.Contains(got, c.want) {
			t.Errorf("%s: %s", c.command, got)
		}
	}
	if got := f.says("destroy", fakeName); got != "" {
		t.Errorf("destroy: %s", got)
	}
	if err := stuck.Wait(); err == nil {
		t.Error("the pause of a machine that is destroyed succeeds")
	}
	if got := f.says("list", "--name", "--all"); got != "" {
		t.Errorf("left: %s", got)
	}
}

// An image to begin with goes when somebody wants it gone.
func TestManagedSaveRemove(t *testing.T) {
	f := newFake(t, running())
	image := f.Path("config/libvirt/qemu/save/" + fakeName + ".save")
	f.give(t, filepath.Dir(image), "")
	f.give(t, image, "LibvirtQemudSave")
	f.says("suspend", fakeName) // whatever changes the domain shows it
	if got := f.says("dominfo", fakeName); !strings.Contains(got, "Managed save:   yes") {
		t.Errorf("dominfo: %s", got)
	}
	if got := f.says("managedsave-remove", fakeName); got != "" {
		t.Errorf("with one: %s", got)
	}
	if got := f.says("dominfo", fakeName); !strings.Contains(got, "Managed save:   no") {
		t.Errorf("dominfo: %s", got)
	}
	if _, err := os.Stat(image); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the image is there: %v", err)
	}
}
