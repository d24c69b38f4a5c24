// Package failpoint makes named places of the program fail on demand, so that
// tests can try every recovery path. The environment variable
// VIRTREE_FAILPOINTS says which:
//
//	qemu.start.spawned=kill;qemu.define.written=error(disk full)
//
// "@PATH" names a file with that text instead; it is read at every point, so
// that a test can arm points of a process that runs.
//
// Actions: kill (the process dies as by kill -9), panic, error(TEXT) and
// sleep(DURATION); "2*off->" before an action lets two passes go by first, "1*" acts on one pass only. A
// point that the variable does not name costs one read of an empty map.
package failpoint
