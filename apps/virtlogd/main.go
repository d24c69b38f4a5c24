package main

import (
	"os"

	"virtree.dev/apps/internal/daemon"
	"virtree.dev/config/logdconf"
)

func main() {
	os.Exit(daemon.Main(daemon.Spec{
		Name:         "virtlogd",
		SocketPrefix: "virtlogd",
		About:        "libvirt log management daemon",
		OwnerOnly:    true,
		Keeps:        true,
		TakesOver:    true,
		Settings:     func(privileged bool) daemon.Settings { return logdconf.New(privileged) },
		Service:      service,
	}))
}
