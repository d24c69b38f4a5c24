// Package lockd is the lock service: it locks a byte of a file for each disk or
// lease of a machine, so that no other machine, here or on another host that
// sees the file, can have it too.
//
//	client ─register, acquire, release─▶ handlers ─▶ locks: who holds what
//	                                        │           │ open, lock, unlink
//	connection ends ─▶ guard: ends the      │           ▼
//	owner, then frees its locks             └────▶ sys.Lease, keep.Store
//
// A lockspace is a folder with a file for each resource, or the direct one, in
// which a resource is the path of a file. The byte and the kinds of lock are
// those of libvirt's virtlockd, so that the two exclude each other; ours are OFD
// locks, which a duplicate of the descriptor holds beyond kill -9 (keep.Store).
//
// locks is guarded by a mutex that is never held over a call that touches a
// file. A resource that is being locked or freed is marked; whoever wants the
// same one waits for it, and nobody else does: a lockspace on a server that does
// not answer keeps nobody but its own clients. Calls of one client keep their
// order. Those that touch only a file system of this host run where they were
// read, all others on workers that give their slot back.
//
// The file of a lease on a local file system that comes and goes all the time
// stays for a moment after its release, unlocked: rest.go.
//
// An owner is a process. When a client's own connection ends while it holds
// locks, the guard ends it (SIGTERM, then SIGKILL) and frees its locks once it
// is gone. Locks that outlived the death of a former daemon have no connection:
// the guard watches their owner by pidfd and frees them when it ends.
package lockd
