package lockmanager

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"virtree.dev/actors/rpc/rpcclient"
	"virtree.dev/config/lockdconf"
	"virtree.dev/config/paths"
	"virtree.dev/internal/command"
	"virtree.dev/internal/hostinfo"
	"virtree.dev/protocol/lockprog"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xdr"
)

// patience is how long virtlockd may take for the leases of one machine.
const patience = 30 * time.Second

// Manager gets leases for machines.
type Manager struct {
	Daemon *rpcclient.Daemon
	Plugin *lockdconf.Plugin
	Runner command.Runner
	// Since tells when virtlockd was started, in the kernel's ticks.
	Since func() (uint64, error)
}

// pluginDir is where libvirt looks for lock managers.
const pluginDir = "/usr/lib/libvirt/lock-driver"

// New makes the lock manager that qemu.conf names. There is no other than virtlockd's:
// to libvirt, one that is not built in is a plugin that is not there. The notes tell of
// keys of its file that nothing reads.
func New(name string, dirs paths.Dirs) (m *Manager, notes []string, err error) {
	switch name {
	case "", "nop":
		return nil, nil, nil
	case "lockd":
	default:
		dir := cmp.Or(os.Getenv("LIBVIRT_LOCK_MANAGER_PLUGIN_DIR"), pluginDir)
		return nil, nil, virerr.System(virerr.FromLocking, syscall.ENOENT, "Plugin %s not accessible", filepath.Join(dir, name+".so"))
	}
	m = &Manager{Daemon: rpcclient.Of(dirs, "virtlockd"), Plugin: lockdconf.NewPlugin(), Runner: command.Host{}}
	m.Since = func() (uint64, error) { return startOf(dirs.PIDFile(m.Daemon.Name)) }
	m.Daemon.Without = `or set lock_manager = "nop" in ` + filepath.Join(dirs.Config, "qemu.conf") + " where no other host shares the disks"
	notes, err = m.Plugin.LoadFile(filepath.Join(dirs.Config, "qemu-lockd.conf"))
	return m, notes, err
}

// Owner is the machine that has leases.
type Owner struct {
	UUID [16]byte
	Name string
	ID   int
	PID  int
}

// connection is virtlockd, in the name of an owner.
type connection struct {
	*rpcclient.Client
	cancel context.CancelFunc
}

func (c *connection) close() {
	c.Close()
	c.cancel()
}

func (c *connection) call(ctx context.Context, proc int32, args xdr.Value) error {
	_, err := c.Call(ctx, &lockprog.Program, proc, args, nil)
	return err
}

// connect opens a connection; virtlockd has our folders then.
func (m *Manager) connect(ctx context.Context) (context.Context, *connection, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	client, err := m.Daemon.Dial(ctx)
	if err != nil {
		cancel()
		return nil, nil, err
	}
	c := &connection{client, cancel}
	if err := m.tellFolders(ctx, c); err != nil {
		c.close()
		return nil, nil, err
	}
	return ctx, c, nil
}

// startOf tells when the process was started that a pid file names. Who serves a socket could
// not be told by the socket: systemd may have made it.
func startOf(pidFile string) (uint64, error) {
	text, err := os.ReadFile(pidFile)
	if err != nil {
		return 0, err
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, err
	}
	times, err := hostinfo.Host{}.ProcessTimes(pid)
	return times.Start, err
}

// tellFolders lets virtlockd know the folders of leases: one that was started anew does not.
func (m *Manager) tellFolders(ctx context.Context, c *connection) error {
	if !m.Plugin.AutoDiskLeases {
		return nil
	}
	for _, dir := range []string{m.Plugin.FileLockspaceDir, m.Plugin.LVMLockspaceDir, m.Plugin.SCSILockspaceDir} {
		if dir == "" {
			continue
		}
		// One that it has already is as good.
		if err := c.call(ctx, lockprog.ProcCreateLockspace, &lockprog.CreateLockSpaceArgs{Path: dir}); err != nil {
			return err
		}
	}
	return nil
}

// register says in whose name the connection asks.
func register(ctx context.Context, c *rpcclient.Client, o Owner) error {
	_, err := c.Call(ctx, &lockprog.Program, lockprog.ProcRegister, &lockprog.RegisterArgs{Owner: lockprog.Owner{
		UUID: o.UUID, Name: o.Name, ID: uint32(o.ID), Pid: uint32(o.PID),
	}}, nil)
	return err
}
