package main

import (
	"os"

	"virtree.dev/apps/internal/daemon"
	"virtree.dev/apps/internal/roster"
	"virtree.dev/config/daemonconf"
)

func main() {
	os.Exit(roster.Main(daemon.Spec{
		Name:         "libvirtd",
		SocketPrefix: "libvirt",
		About:        "libvirt management daemon",
		Listen:       true,
		ReadOnly:     true,
		Settings:     func(privileged bool) daemon.Settings { return daemonconf.New(privileged) },
		Check:        roster.CheckQEMU,
	}, roster.All()...))
}
