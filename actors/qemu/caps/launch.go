package caps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"virtree.dev/internal/command"
	"virtree.dev/internal/failpoint"
	"virtree.dev/internal/hostinfo"
	"virtree.dev/protocol/qmp"
	"virtree.dev/protocol/virerr"
)

// patience bounds one probing of a binary when the context sets no earlier end.
const patience = 30 * time.Second

// Names of the folder of a binary that is asked, and of its pid file in it.
const (
	launchFolder = "qmp-"
	pidName      = "qmp.pid"
)

// Launcher starts binaries to ask them.
type Launcher struct {
	Runner command.Runner
	Folder string              // where sockets go for a moment; empty for the system's temporary folder
	User   *syscall.Credential // whom they run as; nil: ourselves
}

// Launch runs a binary without a machine, asks it what it can do, and ends it; a second time without
// accelerator when the first had one. Errors of the binary are a virerr.Error.
func (l Launcher) Launch(ctx context.Context, binary string) (*Caps, error) {
	var c *Caps
	err := l.with(ctx, binary, "none,accel=kvm:tcg", func(q Querier) (err error) {
		c, err = Probe(ctx, q)
		return err
	})
	if err == nil && c.Accelerated() && c.Has("tcg") {
		err = l.with(ctx, binary, "none,accel=tcg", func(q Querier) error { return c.ProbeTCG(ctx, q) })
	}
	if err != nil {
		return nil, err
	}
	c.Binary = binary
	return c, nil
}

// with runs the binary while f asks it.
func (l Launcher) with(ctx context.Context, binary, machine string, f func(Querier) error) error {
	folder, err := os.MkdirTemp(l.Folder, launchFolder)
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	if l.User != nil {
		if err := os.Chown(folder, int(l.User.Uid), -1); err != nil {
			return virerr.System(virerr.FromQEMU, err, "Cannot chown uniq path: %s", folder)
		}
	}
	socket, pidfile := filepath.Join(folder, "qmp.monitor"), filepath.Join(folder, pidName)
	if err := l.start(ctx, binary, machine, socket, pidfile); err != nil {
		return err
	}
	if _, err := os.Stat(pidfile); err != nil {
		return virerr.System(virerr.FromQEMU, syscall.ENOENT, "Failed to read pidfile %s", pidfile)
	}
	defer end(pidfile)
	if err := failpoint.Hit("qemu.caps.launched"); err != nil {
		return err
	}
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(deadline(ctx)); err != nil {
		return err
	}
	m := monitor{qmp.NewBlocking(conn)}
	if _, err := m.Handshake(); err != nil {
		return err
	}
	if err := f(m); err != nil {
		return err
	}
	_, _ = m.Run(qmp.Command{Name: "quit"})
	return nil
}

// Sweep ends binaries that were being asked when the daemon before us was killed.
func (l Launcher) Sweep() {
	folders, _ := filepath.Glob(filepath.Join(l.Folder, launchFolder+"*")) // the pattern is well-formed
	for _, folder := range folders {
		pidfile := filepath.Join(folder, pidName)
		// A pid alone proves nothing: it may be another's by now.
		if args, err := (hostinfo.Host{}).CommandLine(readPID(pidfile)); err == nil && slices.Contains(args, pidfile) {
			end(pidfile)
		}
		_ = os.RemoveAll(folder)
	}
}

// start returns when the binary listens: that is what -daemonize waits for. It is
// not cut short: what has forked by then would be left behind.
func (l Launcher) start(ctx context.Context, binary, machine, socket, pidfile string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	r, err := l.Runner.Run(ctx, command.Command{Path: binary, Env: environment(), User: l.User, Args: []string{
		"-S", "-no-user-config", "-nodefaults", "-nographic", "-machine", machine,
		"-qmp", "unix:" + socket + ",server=on,wait=off", "-pidfile", pidfile, "-daemonize",
	}})
	var status *command.StatusError
	if errors.As(err, &status) {
		return virerr.New(virerr.FromQEMU, virerr.InternalError,
			"Failed to start QEMU binary %s for probing: %s", binary, r.Stderr)
	}
	return err
}

// environment is what every program may see of ours.
func environment() []string {
	env := []string{"LC_ALL=C"}
	for _, name := range []string{"PATH", "LD_PRELOAD", "LD_LIBRARY_PATH", "HOME", "USER", "LOGNAME", "TMPDIR"} {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return env
}

func deadline(ctx context.Context) time.Time {
	d := time.Now().Add(patience)
	if until, ok := ctx.Deadline(); ok && until.Before(d) {
		return until
	}
	return d
}

// end makes sure that nothing stays behind; a binary that obeyed quit removed the file.
func end(pidfile string) {
	if pid := readPID(pidfile); pid > 1 {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

func readPID(pidfile string) int {
	b, err := os.ReadFile(pidfile)
	if err != nil {
		return 0
	}
	pid, _ := strconv.Atoi(strings.TrimSpace(string(b)))
	return pid
}

// monitor is a Querier over a connection.
type monitor struct {
	*qmp.Blocking
}

func (m monitor) Execute(ctx context.Context, command string, args any) (json.RawMessage, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("asking QEMU: %w", err)
	}
	return m.Run(qmp.Command{Name: command, Arguments: args})
}
