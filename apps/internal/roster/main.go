package roster

import (
	"syscall"

	"virtree.dev/actors/qemu/prelude"
	"virtree.dev/apps/internal/daemon"
)

// machineMask is the umask of machines, as libvirt has it: whoever shares a group
// with QEMU may write what QEMU makes. Files of our own have their modes said.
const machineMask = 0o002

// Main runs a daemon that holds drivers, and gives its exit code. A process that a
// driver started with this very program becomes what it is for first.
func Main(spec daemon.Spec, entries ...Entry) int {
	prelude.Run()
	syscall.Umask(machineMask)
	spec.Service = Service(entries...)
	return daemon.Main(spec)
}
