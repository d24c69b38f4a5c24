package main

import (
	"os"

	"virtree.dev/actors/lockd"
	"virtree.dev/apps/internal/daemon"
	"virtree.dev/apps/internal/daemon/cstate"
	"virtree.dev/config/lockdconf"
)

func main() {
	os.Exit(daemon.Main(daemon.Spec{
		Name:         "virtlockd",
		SocketPrefix: "virtlockd",
		About:        "libvirt lock management daemon",
		OwnerOnly:    true,
		TakesOver:    true,
		Keeps:        true,
		Settings:     func(privileged bool) daemon.Settings { return lockdconf.New(privileged) },
		Service:      service,
	}))
}

func service(h daemon.Host) (daemon.Service, error) {
	o := lockd.Options{System: h.System, Log: h.Log.Logger("locking.lock_daemon"), Store: h.Store, Box: h.Box}
	rest, err := cstate.Take(h.Box)
	if err != nil {
		return nil, err
	}
	if rest != nil {
		o.Former = &lockd.Former{Members: rest.Object, File: rest.File}
	}
	return lockd.New(o)
}
