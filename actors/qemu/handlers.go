package qemu

import (
	"virtree.dev/actors/dispatch"
	"virtree.dev/protocol/remote"
)

// remoteTable are the handlers of the main program. What has none here (hotplug,
// save, snapshots, block jobs, migration) is answered as unsupported.
func (d *Driver) remoteTable() *dispatch.Table {
	t := dispatch.NewTable(&remote.Program).Find(d.findDomain)
	for _, add := range []func(*dispatch.Table){
		d.connectHandlers, d.nodeHandlers, d.capsHandlers, d.cpuHandlers, d.listHandlers, d.queryHandlers, d.defineHandlers,
		d.lifecycleHandlers, d.metadataHandlers, d.memoryHandlers, d.vcpuHandlers, d.tuneHandlers,
		d.statsHandlers, d.blockHandlers, d.netHandlers, d.consoleHandlers, d.autostartHandlers,
		d.iotuneHandlers, d.bandwidthHandlers, d.perfHandlers, d.peekHandlers, d.blockOperationHandlers,
		d.agentHandlers, d.setVCPUHandlers, d.iothreadHandlers, d.actionHandlers, d.dirtyRateHandlers,
		d.graphicsHandlers, d.jobHandlers,
	} {
		add(t)
	}
	return t
}
