// Package keeper is a process of a few lines that holds what a daemon keeps (see
// package keep), where there is no service manager that does.
//
//	daemon ──── hold NAME + file, drop NAME, end ───▶ keeper
//	successor ─ give ─▶ keeper ─ NAME + file …, given ─▶ successor
//
// Packets over a UNIX socket in the daemon's run folder, from and to the same user
// alone. Nothing is answered but give: what is in the socket's queue is held by the
// kernel already. In a list of processes a keeper is "virt-keeper NAME".
//
// It outlives the daemon's kill -9 and gives everything to the next daemon. When
// the daemon is gone, listeners are held for the time in which a supervisor
// restarts it, so that clients queue (a session daemon leaves none: its clients start it); after that they are closed, for a client that
// nobody answers must learn of it. The rest is held as long as there is a lock (any
// file that lies on a disk) and for an hour where there are only pipes and sockets;
// with nothing kept, when the daemon says that it ends, or when the socket's name is
// gone, so that nobody could come back, the keeper ends as well.
//
// A daemon whose keeper dies starts another and hands everything to it.
package keeper
