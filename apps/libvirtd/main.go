package main

import (
	"os"

	"virtree.dev/apps/internal/daemon"
	"virtree.dev/apps/internal/roster"
)

func main() {
	os.Exit(daemon.Main(daemon.Spec{
		Name:         "libvirtd",
		SocketPrefix: "libvirt",
		Listen:       true,
		Drivers:      roster.All(),
	}))
}
