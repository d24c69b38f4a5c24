// virt-ssh-helper is what clients start at the far end of qemu+ssh://: it connects to
// the daemon of a URI and hands bytes to and fro.
//
//	ssh ─ stdin  ─▶ buffer ─▶ socket ─▶ daemon
//	ssh ◀ stdout ─ buffer ◀─ socket ◀─ daemon
//
// A buffer that is full is not read into: who sends faster than the other takes is
// held up. The end of stdin ends what the daemon hears once all of it is written; the
// end of the socket, or of who reads stdout, ends the program.
package main
