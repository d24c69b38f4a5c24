package roster

import (
	"fmt"
	"path/filepath"

	"virtree.dev/actors/driver"
	"virtree.dev/actors/events"
	"virtree.dev/actors/qemu"
	"virtree.dev/config/paths"
	"virtree.dev/config/qemuconf"
	"virtree.dev/internal/logging"
	"virtree.dev/supervisor/gen"
)

// Host is what a daemon gives to its drivers.
type Host struct {
	System *gen.System
	Dirs   paths.Dirs
	Bus    *events.Bus
	Log    *logging.Log
}

// Driver is a driver with its processes.
type Driver interface {
	driver.Driver
	Child() gen.Child
	Busy() bool // something runs for which an idle daemon stays
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
	return qemu.New(qemu.Options{System: h.System, Dirs: h.Dirs, Config: config, Bus: h.Bus, Log: log}), nil
}
