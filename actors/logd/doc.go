// Package logd is virtlogd: it takes what machines write into pipes to their log
// files, for as long as they live.
//
//	open ─▶ Service: a pipe, a log file; the writing end goes to the machine
//	                                │
//	machine ─▶ pipe ─▶ buffer ─▶ log file          a worker of the pump, by splice
//	             │       (a second pipe, so that no disk holds up the machine's)
//	             └─▶ counted, where the log file takes nothing
//
// Ordering: one worker at a time moves the bytes of a log file, in their order;
// files do not wait for each other. The pump is the process that owns the
// workers, each of which waits for all pipes at once; it watches over them by a
// clock that runs only while they work, and starts another one where all hang in
// a disk.
//
// Back-pressure: a pipe that is full blocks its machine, which is what a busy
// disk does to it anyway. Where the log file cannot be written for longer, the
// pipe is emptied before it is full: what is lost is counted, said in the
// daemon's log, and in the machine's own as soon as that can be written again.
//
// Both pipes of a log file are kept beyond the death of this process
// (supervisor/keep) and passed on to its next program. Bytes move by single
// system calls, from the one pipe to the other and from there to the file, so
// that death between any two of them loses none and writes none twice.
package logd
