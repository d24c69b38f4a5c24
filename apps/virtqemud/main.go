package main

import (
	"os"

	"virtree.dev/apps/internal/daemon"
	"virtree.dev/apps/internal/roster"
	"virtree.dev/config/daemonconf"
)

func main() {
	os.Exit(daemon.Main(daemon.Spec{
		Name:         "virtqemud",
		SocketPrefix: "virtqemud",
		About:        "libvirt management daemon",
		ReadOnly:     true,
		Settings:     func(privileged bool) daemon.Settings { return daemonconf.New(privileged) },
		Service:      roster.Service(roster.QEMU),
		Check:        roster.CheckQEMU,
	}))
}
