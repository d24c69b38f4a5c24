package keeper

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"

	"virtree.dev/internal/sys"
)

// processName is what a keeper is called in a list of processes. It does not
// contain the daemon's name, so that whoever kills that by name spares the keeper.
const processName = "virt-keeper"

// modeVariable makes a daemon's program a keeper; its value is the number of the socket.
const modeVariable = "VIRTREE_KEEPER"

// listenFD is where a keeper finds the socket that it serves.
const listenFD = 3

// ourselves is our program, also where another is at its path by now.
const ourselves = "/proc/self/exe"

// neverKilled keeps the kernel from choosing a process when memory runs out.
const neverKilled = "-1000"

// Place is where the keeper of a daemon is found.
type Place struct {
	Path string // of its socket
	Name string // shown in a list of processes: "lockd"
}

// Run is the life of a keeper, where this process was started as one; then it does
// not return.
func Run() {
	if os.Getenv(modeVariable) == "" {
		return
	}
	os.Unsetenv(modeVariable)
	if err := run(os.NewFile(listenFD, "listener")); err != nil {
		fmt.Fprintln(os.Stderr, processName+":", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func run(listener *os.File) error {
	syscall.CloseOnExec(listenFD)
	_ = os.WriteFile("/proc/self/comm", []byte(processName), 0)
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte(neverKilled), 0) // where we may
	// Once more, so that who connects is shown our process, not the daemon's.
	if err := sys.Listen(listenFD); err != nil {
		return err
	}
	path, err := sys.SocketPath(int(listener.Fd()))
	if err != nil {
		return err
	}
	s, err := newServer(listener, path)
	if err != nil {
		return err
	}
	defer removeOwn(path, listener)
	return s.serve()
}

// removeOwn takes the socket away, if it is not another's by now.
func removeOwn(path string, listener *os.File) {
	conn, err := sys.ConnectPackets(path)
	if err != nil {
		return
	}
	defer conn.Close()
	if pid, _, _, err := conn.Credentials(); err == nil && pid == os.Getpid() {
		os.Remove(path)
	}
	listener.Close()
}

// spawn starts a keeper that serves the socket.
func (p Place) spawn() error {
	if err := os.Remove(p.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	listener, err := sys.ListenPackets(p.Path)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", p.Path, err)
	}
	defer listener.Close()
	// In a session of its own and far from our terminal; its standard files are nobody's.
	cmd := exec.Command(ourselves)
	cmd.Args = []string{processName, p.Name}
	cmd.Dir = "/"
	cmd.Env = append(withoutOurs(os.Environ()), modeVariable+"="+strconv.Itoa(listenFD), "GOMAXPROCS=1")
	cmd.ExtraFiles = []*os.File{listener}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("cannot start a keeper: %w", err)
	}
	go func() { _ = cmd.Wait() }() // collected when it ends before us
	return nil
}

// withoutOurs leaves out what a service manager told to us alone.
func withoutOurs(env []string) []string {
	var kept []string
	for _, v := range env {
		if !strings.HasPrefix(v, "NOTIFY_SOCKET=") && !strings.HasPrefix(v, "LISTEN_") {
			kept = append(kept, v)
		}
	}
	return kept
}
