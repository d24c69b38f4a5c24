// Package statefile writes files so that a crash, of the process or of the
// machine, leaves either the old or the new content, whole and on the disk.
//
//	write NAME.new ─▶ fsync ─▶ rename over NAME ─▶ fsync of the folder
//
// Names are made durable with the folder's fsync; Remove does the same. Callers
// that write the same path from two goroutines must serialise them.
package statefile
