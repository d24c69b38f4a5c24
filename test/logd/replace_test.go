package logd

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"virtree.dev/protocol/logprog"
	"virtree.dev/test/peer"
)

// TestTakeOverFromDebian puts our program in the place of libvirt's own, while
// machines write and a client is connected: nobody notices.
func TestTakeOverFromDebian(t *testing.T) {
	needDebian(t)
	d := start(t, debian, "max_size = 200000\nmax_backups = 30\n")
	c := d.dial()
	var writers []*numbered
	for i := range 8 {
		writers = append(writers, writeNumbers(t, c.mustOpen(d.log(fmt.Sprint("vm", i))), 50*time.Microsecond))
	}
	time.Sleep(200 * time.Millisecond)
	d.Install(ours(t))
	d.Signal(syscall.SIGUSR1)
	peer.Eventually(t, "ours runs", func() bool { return !strings.HasSuffix(d.Exe(), " (deleted)") })
	time.Sleep(200 * time.Millisecond)
	if _, err := c.position(d.log("vm0")); err != nil {
		t.Errorf("the client from before: %v", err)
	}
	if _, _, err := c.open(d.log("vm0"), 0); err == nil || err.Message != "Cannot open log file: '"+d.log("vm0")+"': Device or resource busy" {
		t.Errorf("opened twice: %v", err)
	}
	pipe := d.dial().mustOpen(d.log("new"))
	writers = append(writers, writeNumbers(t, pipe, 50*time.Microsecond))
	d.Signal(syscall.SIGUSR1) // ours by ours
	time.Sleep(300 * time.Millisecond)
	for i, w := range writers {
		name := fmt.Sprint("vm", i)
		if i == 8 {
			name = "new"
		}
		wantNumbers(t, d.log(name), w.end())
	}
	if _, err := os.Stat(d.Path("run/libvirt/virtlogd-restart-exec.json")); err == nil {
		t.Error("the restart file was left")
	}
}

// TestReplacedAgainAndAgain replaces a daemon while machines write: in small
// lines, in many at once, over the borders of files.
func TestReplacedAgainAndAgain(t *testing.T) {
	d := start(t, ours(t), "max_size = 300000\nmax_backups = 30\nlog_level = 2\n")
	c := d.dial()
	var writers []*numbered
	for i := range 12 {
		writers = append(writers, writeNumbers(t, c.mustOpen(d.log(fmt.Sprint("vm", i))), time.Duration(i)*20*time.Microsecond+20*time.Microsecond))
	}
	for i := range 20 {
		d.Signal(syscall.SIGUSR1)
		if _, err := c.position(d.log("vm0")); err != nil {
			t.Fatalf("replacement %d: %v", i, err)
		}
		peer.Eventually(t, "it is replaced", func() bool { return strings.Count(d.Output(), "replacing this program") > i })
		message := fmt.Sprintf("message %d\n", i)
		if err := c.append(d.log("said"), message); err != nil {
			t.Fatal(err)
		}
	}
	for i, w := range writers {
		wantNumbers(t, d.log(fmt.Sprint("vm", i)), w.end())
	}
	if said := strings.Count(string(whole(d.log("said"))), "message "); said != 20 {
		t.Errorf("%d messages were appended, want 20", said)
	}
	if strings.Contains(d.Output(), "goes on") {
		t.Error("a replacement failed")
	}
}

func (c *client) append(path, text string) error {
	c.T.Helper()
	args := &logprog.DomainAppendLogFileArgs{Driver: "qemu", Dom: logprog.Domain{Name: "vm"}, Path: path, Message: text}
	if err := c.call(logprog.ProcDomainAppendLogFile, args, &logprog.DomainAppendLogFileRet{}); err != nil {
		return err
	}
	return nil
}
