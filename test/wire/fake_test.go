package wire

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"virtree.dev/protocol/qmp/qmptest"
	"virtree.dev/test/peer"
)

const (
	fakeName  = "fake"
	fakeUUID  = "00000000-0000-4000-8000-00000000fa4e"
	nobodysID = 65534
)

// fakeStatus is what a former daemon knew of the machine.
const fakeStatus = `<domstatus state='running' reason='booted' pid='%d'>
  <monitor path='%s' type='unix'/>
  <libDir path='%s'/><channelTargetDir path='%[3]s'/>
  <blockjobs active='no'/><agentTimeout>-2</agentTimeout>
  <domain type='qemu' id='7'><name>` + fakeName + `</name><uuid>` + fakeUUID + `</uuid><memory unit='KiB'>65536</memory>
    <currentMemory unit='KiB'>65536</currentMemory><vcpu>1</vcpu>
    <os><type arch='x86_64' machine='pc-i440fx-7.2'>hvm</type></os>
    <devices>
      <disk type='file' device='cdrom'><driver name='qemu' type='raw'/><source file='/images/install.iso' index='1'/>
        <target dev='hdc' bus='ide'/><readonly/><alias name='ide0-1-0'/></disk>
      <disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='/images/disk.img' index='2'/>
        <target dev='vda' bus='virtio'/><alias name='virtio-disk0'/></disk>
      <memballoon model='virtio'><alias name='balloon0'/></memballoon>
    </devices></domain>
</domstatus>`

// fakeMachine is a machine without a QEMU: a process that does nothing, and a monitor by script.
type fakeMachine struct {
	*peer.Daemon
	*qmptest.Monitor
	process *exec.Cmd
}

// newFake runs our daemon, which finds the machine as one of its former life.
func newFake(t *testing.T, answers map[string]any) *fakeMachine {
	t.Helper()
	if _, err := exec.LookPath("virsh"); err != nil {
		t.Skipf("needs virsh (Debian: libvirt-clients): %v", err)
	}
	f := &fakeMachine{Daemon: peer.Start(t, peer.Options{Binary: peer.Build(t)}), Monitor: &qmptest.Monitor{Answers: answers}}
	f.Stop(t)
	lib := f.Path("config/libvirt/qemu/lib/domain-7-" + fakeName)
	f.process = f.Command("sh", "-c", "sleep 1000 & wait", "qemu", "-uuid", fakeUUID, lib+"/monitor.sock")
	if err := f.process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = f.process.Process.Kill()
		_ = f.process.Wait()
	})
	socket := f.Listen(t)
	status := f.Path("run/libvirt/qemu/run/" + fakeName + ".xml")
	f.give(t, filepath.Dir(status), "")
	f.give(t, status, fmt.Sprintf(fakeStatus, f.process.Process.Pid, socket, lib))
	for _, path := range []string{filepath.Dir(socket), socket} {
		if err := os.Chmod(path, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	f.Run(t)
	return f
}

// give makes a file or a folder of the daemon's user.
func (f *fakeMachine) give(t *testing.T, path, text string) {
	t.Helper()
	err := os.MkdirAll(path, 0o755)
	if text != "" {
		_ = os.Remove(path)
		err = os.WriteFile(path, []byte(text), 0o600)
	}
	if err == nil && os.Geteuid() == 0 {
		err = os.Chown(path, nobodysID, nobodysID)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// virsh prepares a command of virsh.
func (f *fakeMachine) virsh(args ...string) *exec.Cmd {
	return f.Command("virsh", append([]string{"-q", "-c", "qemu:///session?socket=" + f.Socket()}, args...)...)
}

// says gives what virsh says.
func (f *fakeMachine) says(args ...string) string {
	out, _ := f.virsh(args...).CombinedOutput() // a refusal is an answer
	return strings.TrimSpace(string(out))
}

// sink collects what a program writes.
type sink struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *sink) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// await waits for a text.
func (s *sink) await(t *testing.T, text string) bool {
	t.Helper()
	for until := time.Now().Add(20 * time.Second); time.Now().Before(until); time.Sleep(5 * time.Millisecond) {
		if strings.Contains(s.text(), text) {
			return true
		}
	}
	return false
}
