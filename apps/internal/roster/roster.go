package roster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"virtree.dev/actors/driver"
	"virtree.dev/actors/events"
	"virtree.dev/actors/qemu"
	"virtree.dev/actors/qemu/lockmanager"
	"virtree.dev/actors/qemu/security"
	"virtree.dev/config/paths"
	"virtree.dev/config/qemuconf"
	"virtree.dev/internal/audit"
	"virtree.dev/internal/logging"
	"virtree.dev/internal/pidfile"
	"virtree.dev/internal/sys"
	"virtree.dev/protocol/xml/uuid"
	"virtree.dev/supervisor/gen"
)

// Host is what a daemon gives to its drivers.
type Host struct {
	System *gen.System
	Dirs   paths.Dirs
	Bus    *events.Bus
	Log    *logging.Log
	UUID   uuid.UUID // the host's identity
	Audit  *audit.Trail
}

// Driver is a driver with its processes.
type Driver interface {
	driver.Driver
	Child() gen.Child
	Busy() bool // something runs for which an idle daemon stays
	Close()     // when its processes have ended
}

// Entry makes one driver.
type Entry func(h Host) (Driver, error)

// All is every driver there is, in the order in which they are asked for a URI.
func All() []Entry { return []Entry{QEMU} }

// QEMU is the driver of QEMU machines.
func QEMU(h Host) (Driver, error) {
	log := h.Log.Logger("qemu.qemu_driver")
	config := qemuconf.New(h.Dirs.Privileged)
	notes, err := config.LoadFile(filepath.Join(h.Dirs.Config, "qemu.conf"))
	if err != nil {
		return nil, fmt.Errorf("qemu driver: %w", err)
	}
	for _, n := range notes {
		log.Warn(n)
	}
	locks, more, err := lockmanager.New(config.LockManager, h.Dirs)
	if err != nil {
		return nil, fmt.Errorf("Initialization of QEMU state driver failed: %w", err)
	}
	for _, n := range more {
		log.Warn(n)
	}
	lock, err := lockState(h.Dirs.QEMU().State)
	if err != nil {
		return nil, fmt.Errorf("Initialization of QEMU state driver failed: %w", err)
	}
	policy, notes, err := security.New(config, h.Dirs.Privileged)
	if err != nil {
		lock.Release()
		if security.OfDrivers(err) {
			log.Error(err.Error())
			err = errors.New("internal error: Failed to initialize security drivers")
		}
		return nil, fmt.Errorf("Initialization of QEMU state driver failed: %w", err)
	}
	for _, n := range notes {
		log.Warn(n)
	}
	d := qemu.New(qemu.Options{
		System: h.System, Dirs: h.Dirs, Config: config, Bus: h.Bus, Log: log, HostUUID: h.UUID, Locks: locks, Security: policy,
		Audit: h.Audit,
	})
	return &alone{d, lock}, nil
}

// alone is a driver that no other daemon, libvirt's own included, runs meanwhile.
type alone struct {
	*qemu.Driver
	lock *pidfile.File
}

// Close lets others have the machines.
func (a *alone) Close() { a.lock.Release() }

func lockState(dir string) (*pidfile.File, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("Failed to create state dir %s: %w", dir, sys.Errno(err))
	}
	return pidfile.Acquire(filepath.Join(dir, "driver.pid"))
}
