// Package keep holds files and a few bytes of state for each beyond kill -9.
//
//	Keep(key, state, file) ─▶ Vault ─┬▶ shelf: a socket that nobody reads; the file waits in it
//	                                 └▶ ledger: a memory file; key, number on the shelf, state
//	                                      │ both ends of a shelf and the ledger, seldom
//	                                      ▼
//	                                   Holder: systemd's file descriptor store, or a keeper process
//
// A file that was sent over a UNIX socket and not yet received is open in the
// kernel. A shelf is such a socket: to keep a file is to send it there, which
// wakes nobody, costs one system call, and is done when the call returns. The
// Holder only has to hold the shelves and the ledger; it hears of nothing else,
// so that neither systemd nor a keeper works for each lock.
//
// The ledger is mapped memory. A record is written first and then committed by
// one word, with a checksum, so that a process may be killed at any byte. It is
// an append-only log in a bank; a full bank is written anew beside the old one,
// and one word says which counts.
//
// Order: a file is on the shelf before the ledger names it, and is taken from
// the shelf after the ledger forgot it. What stands on a shelf without a record
// is closed by the next process. A shelf is a queue: what was forgotten is
// dropped when it comes to the head, and what still counts and stands in the
// way goes to the tail, first copied and then dropped. So what is dead is never
// more than a few times what lives.
//
// A lock that is to be kept is an OFD lock (F_OFD_SETLK): it belongs to the open
// file. F_UNLCK through any descriptor frees it, so that forgetting may be lazy.
// To release one: Forget, then unlock. A process may be killed between the two: the
// next one takes off the shelf what is forgotten, and the lock goes with it.
package keep
