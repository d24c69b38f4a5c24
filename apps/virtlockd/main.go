package main

import (
	"os"

	"virtree.dev/actors/lockd"
	"virtree.dev/apps/internal/daemon"
	"virtree.dev/config/lockdconf"
)

func main() {
	os.Exit(daemon.Main(daemon.Spec{
		Name:         "virtlockd",
		SocketPrefix: "virtlockd",
		About:        "libvirt lock management daemon",
		OwnerOnly:    true,
		Settings:     func(privileged bool) daemon.Settings { return lockdconf.New(privileged) },
		Service: func(h daemon.Host) (daemon.Service, error) {
			return lockd.New(lockd.Options{System: h.System, Log: h.Log.Logger("locking.lock_daemon"), Store: h.Store, Box: h.Box})
		},
	}))
}
