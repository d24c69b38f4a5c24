package daemon

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"syscall"
)

// statusVariable tells a daemon in the background where its parent waits for
// one byte: 0 once clients can connect, else the stage that failed.
const statusVariable = "VIRTREE_STATUS_FD"

// forkIntoBackground starts this program again as a daemon and waits until it
// is ready. It gives the parent's exit code.
func forkIntoBackground(argv0 string, stderr io.Writer) int {
	status, err := startDetached()
	if err != nil {
		fmt.Fprintf(stderr, "%s: error: Failed to fork as daemon: %v\n", argv0, err)
		return exitFailure
	}
	defer status.Close()
	var b [1]byte
	if _, err := io.ReadFull(status, b[:]); err != nil {
		fmt.Fprintf(stderr, "%s: error: unable to determine if daemon is running: %v\n", argv0, err)
		return exitFailure
	}
	if s := stage(b[0]); s > stageNone && s <= stageDriver {
		fmt.Fprintf(stderr, "%s: error: %v. Check /var/log/messages or run without --daemon for more info.\n", argv0, s)
		return exitFailure
	}
	return 0
}

func startDetached() (status *os.File, err error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer w.Close()
	self, err := os.Executable()
	if err != nil {
		r.Close()
		return nil, err
	}
	cmd := exec.Command(self)
	cmd.Args = os.Args
	cmd.Env = append(os.Environ(), statusVariable+"=3")
	cmd.ExtraFiles = []*os.File{w}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// parentStatus is the pipe to a waiting parent, nil in the foreground.
type parentStatus struct{ pipe *os.File }

func takeParentStatus() *parentStatus {
	text, ok := os.LookupEnv(statusVariable)
	if !ok {
		return nil
	}
	os.Unsetenv(statusVariable)
	fd, err := strconv.Atoi(text)
	if err != nil {
		return nil
	}
	syscall.CloseOnExec(fd)
	return &parentStatus{os.NewFile(uintptr(fd), "status")}
}

// report tells the parent once; it may already be gone.
func (p *parentStatus) report(s stage) {
	if p == nil || p.pipe == nil {
		return
	}
	_, _ = p.pipe.Write([]byte{byte(s)})
	p.pipe.Close()
	p.pipe = nil
}
