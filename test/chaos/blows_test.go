package chaos

// blows are the kills, by operation and in the order of its steps.
var blows = []blow{
	{"qemu.define.begin", nothing, defineAnew, absent},
	{"statefile.written", nothing, defineAnew, absent},
	{"statefile.renamed", nothing, defineAnew, titled("new")},
	{"qemu.define.written", nothing, defineAnew, titled("new")},
	{"qemu.define.published", nothing, defineAnew, titled("new")},

	{"qemu.define.begin", defined, defineAnew, titled("old")},
	{"statefile.written", defined, defineAnew, titled("old")},
	{"statefile.renamed", defined, defineAnew, titled("new")},
	{"qemu.define.written", started, defineAnew, runs},

	{"qemu.undefine.begin", markedForStart, undefineIt, marked(true)},
	{"statefile.removed", markedForStart, undefineIt, marked(false)},
	{"statefile.removed=1*off->", markedForStart, undefineIt, absent},
	{"qemu.undefine.removed", markedForStart, undefineIt, absent},

	{"qemu.autostart.begin", defined, markIt, marked(false)},
	{"statefile.linked", defined, markIt, marked(false)},
	{"qemu.autostart.written", defined, markIt, marked(true)},
	{"statefile.removed", markedForStart, unmarkIt, marked(false)},
	{"qemu.autostart.written", markedForStart, unmarkIt, marked(false)},

	{"qemu.rename.begin", markedForStart, renameIt, named("", true)},
	{"statefile.written", markedForStart, renameIt, named("", true)},
	{"statefile.renamed", markedForStart, renameIt, named("-next", true)},
	{"qemu.rename.written", markedForStart, renameIt, named("-next", true)},
	{"statefile.linked", markedForStart, renameIt, named("-next", true)},
	{"statefile.removed", markedForStart, renameIt, named("-next", true)},
	{"statefile.removed=1*off->", markedForStart, renameIt, named("-next", true)},
	{"statefile.written=1*off->", markedForStart, renameIt, named("-next", true)},
	{"qemu.rename.moved", defined, renameIt, named("-next", false)},

	{"qemu.start.prepare", defined, startIt, off(shutoffUnknown)},
	{"qemu.start.folders", defined, startIt, off(shutoffUnknown)},
	{"qemu.start.files", defined, startIt, off(shutoffUnknown)},
	{"qemu.start.announce", defined, startIt, off(shutoffFailed)},
	{"qemu.start.locks", defined, startIt, off(shutoffFailed)},
	{"qemu.start.log", defined, startIt, off(shutoffFailed)},
	{"qemu.start.companions", defined, startIt, off(shutoffFailed)},
	{"qemu.start.build", defined, startIt, off(shutoffFailed)},
	{"qemu.start.owners", defined, startIt, off(shutoffFailed)},
	{"qemu.start.spawn", defined, startIt, off(shutoffDaemon)},
	{"qemu.start.pidfile", defined, startIt, off(shutoffDaemon)},
	{"qemu.start.status", defined, startIt, off(shutoffDaemon)},
	{"qemu.start.attach", defined, startIt, off(shutoffDaemon)},
	{"qemu.start.query", defined, startIt, off(shutoffDaemon)},
	{"qemu.start.cpu", defined, startIt, off(shutoffDaemon)},
	{"qemu.start.configure", defined, startIt, off(shutoffDaemon)},
	{"qemu.start.continue", defined, startIt, runs},
	{"qemu.start.finish", defined, startIt, runs},

	{"qemu.destroy.begin", started, destroyIt, runs},
	{"statefile.volatile", started, destroyIt, runs},
	{"qemu.destroy.killed", started, destroyIt, off(shutoffDestroyed)},
	{"qemu.destroy.cleaning", started, destroyIt, off(shutoffDestroyed)},
	{"qemu.destroy.cleaned", started, destroyIt, off(shutoffUnknown)},

	{"qemu.shutdown.noted", withButton, pressOff, off(shutoffShutdown)},
	{"qemu.destroy.cleaning", withButton, pressOff, off(shutoffShutdown)},
	{"qemu.destroy.cleaned", withButton, pressOff, off(shutoffUnknown)},
	{"qemu.reboot.begin", withButton, pressReboot, runs},
	{"qemu.reboot.reset", withButton, pressReboot, runs},

	{"statefile.volatile", started, suspendIt, pausedOr(pausedUser)},

	{"qemu.reconnect.begin", started, restartIt, runs},
	{"qemu.reconnect.held", started, restartIt, runs},
	{"qemu.reconnect.told", started, restartIt, runs},

	{"qemu.caps.launched", nothing, probeIt, absent},

	{"qemu.start.pidfile", markedForStart, bootIt, runs},
	{"qemu.autostart.started", markedForStart, bootIt, runs},
}
