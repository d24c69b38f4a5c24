// Package prelude is what the process of a machine does before it becomes QEMU.
//
//	daemon ─▶ starts its own program again, with QEMU's arguments and descriptors
//	             │ Order: whom to register with virtlockd, who to become
//	             ▼
//	          registers: virtlockd knows the process that connects, so that nobody
//	          else can do it for QEMU
//	          ─▶ "ready" ─▶ daemon ─▶ "go" ─▶ execve of QEMU, in the same process
//
// The connection to virtlockd stays open in QEMU. A daemon that dies before it said
// "go" leaves nothing behind: the process ends with its end of the socket.
package prelude
