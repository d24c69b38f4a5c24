package admin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/wire/wiretest"
	"virtree.dev/supervisor/gen"
	"virtree.dev/supervisor/observe"
	"virtree.dev/test/peer"
)

const machine = `<domain type='qemu'><name>web</name><memory unit='MiB'>16</memory><os><type arch='x86_64' machine='pc'>hvm</type></os>
<devices><controller type='usb' model='none'/><memballoon model='none'/></devices></domain>`

// TestJobsBesideTheTree stops a QEMU, so that a call holds its machine and another
// waits: the observer says who, since when and for whom, without waiting for either.
func TestJobsBesideTheTree(t *testing.T) {
	if _, err := exec.LookPath("qemu-system-x86_64"); err != nil {
		t.Skip("needs qemu-system-x86_64 (Debian: qemu-system-x86)")
	}
	d := peer.Start(t, peer.Options{Binary: peer.Build(t), QEMU: "stdio_handler = \"file\"\n"})
	holder, waiter := d.Dial(t, d.Socket()), d.Dial(t, d.Socket())
	holder.Open("")
	waiter.Open("")
	var made remote.DomainCreateXMLRet
	must(holder, remote.ProcDomainCreateXML, &remote.DomainCreateXMLArgs{XMLDesc: machine}, &made)
	qemu := machinePID(t, d)
	if err := syscall.Kill(qemu, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Kill(qemu, syscall.SIGCONT) }()
	began := time.Now()
	holder.Send(holder.Header(remote.ProcDomainSuspend), &remote.DomainSuspendArgs{Dom: made.Dom})
	if jobs := jobsOf(t, d, 1); jobs[0].Object != "web" || jobs[0].API != "remoteDispatchDomainSuspend" || jobs[0].Waits {
		t.Errorf("%+v", jobs)
	}
	waiter.Send(waiter.Header(remote.ProcDomainResume), &remote.DomainResumeArgs{Dom: made.Dom})
	jobs := jobsOf(t, d, 2)
	if jobs[1].API != "remoteDispatchDomainResume" || !jobs[1].Waits || jobs[1].Client == jobs[0].Client {
		t.Errorf("%+v", jobs)
	}
	for _, j := range jobs {
		if !strings.Contains(j.Client, fmt.Sprintf("(pid %d, ", os.Getpid())) || j.Since.Before(began.Add(-time.Second)) || j.Since.After(time.Now()) {
			t.Errorf("%+v", j)
		}
	}
	if err := syscall.Kill(qemu, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	for _, c := range []*wiretest.Client{holder, waiter} {
		if err := c.Answer(nil); err != nil {
			t.Error(err)
		}
	}
	jobsOf(t, d, 0)
}

// jobsOf waits until the daemon has so many jobs.
func jobsOf(t *testing.T, d *peer.Daemon, n int) (jobs []gen.ObjectJob) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		var page bytes.Buffer
		if err := observe.Copy(&page, d.Path("run/libvirt/libvirtd-observe-sock"), observe.Request{JSON: true, Jobs: true}); err != nil {
			t.Fatal(err)
		}
		jobs = nil
		if err := json.Unmarshal(page.Bytes(), &jobs); err != nil {
			t.Fatal(err)
		}
		if len(jobs) == n {
			return jobs
		}
	}
	t.Fatalf("not %d jobs within a minute: %+v", n, jobs)
	return nil
}

func machinePID(t *testing.T, d *peer.Daemon) (pid int) {
	t.Helper()
	text, err := os.ReadFile(d.Path("run/libvirt/qemu/run/web.pid"))
	if err == nil {
		_, err = fmt.Sscan(string(text), &pid)
	}
	if err != nil {
		t.Fatal(err)
	}
	return pid
}
