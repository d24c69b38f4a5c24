package main

import (
	"os"

	"virtree.dev/actors/qemu/prelude"
	"virtree.dev/apps/internal/daemon"
	"virtree.dev/apps/internal/roster"
	"virtree.dev/config/daemonconf"
)

func main() {
	prelude.Run()
	os.Exit(daemon.Main(daemon.Spec{
		Name:         "libvirtd",
		SocketPrefix: "libvirt",
		About:        "libvirt management daemon",
		Listen:       true,
		ReadOnly:     true,
		Settings:     func(privileged bool) daemon.Settings { return daemonconf.New(privileged) },
		Service:      roster.Service(roster.All()...),
		Check:        roster.CheckQEMU,
	}))
}
