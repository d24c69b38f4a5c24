// Package stdio is where machines write: their standard output and error, and the
// logs of their character devices, as stdio_handler of qemu.conf has it.
//
//	logd   machine ─▶ pipe ─▶ virtlogd ─▶ file, rolled over at its size
//	file   machine ─▶ file
//
// A Log is that of one start; what is said of a machine later goes into a queue,
// which is empty before the next start of it writes. virtlogd is connected anew
// for each of these, so that one that was replaced or restarted is found again.
package stdio
