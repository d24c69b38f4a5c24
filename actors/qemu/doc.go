// Package qemu is the driver of QEMU machines.
//
//	a client's call ─▶ handler ─▶ published table            list, lookup, dumpxml, state: nobody waits
//	                          └─▶ domain process (machine) ─▶ monitor (QMP)
//	store ──starts──▶ domain processes, one a domain          which alone write their domain's files
//	pidfd, monitor (meta processes) ──▶ domain process        what happens to the machine
//
// A domain's process never blocks: workers hold the domain's job and do what
// takes long (starter), and ask the process for each step. Its mailbox is
// bounded; a full one refuses the caller. Whatever must survive the daemon is
// on the disk before it is published: definitions, status, pid; see files.go.
//
// A start walks through startSteps, with a failpoint behind each. After a
// crash of the daemon or of one domain's process, reconnect takes the machine
// up from its status file, its pidfd and what QEMU says of itself.
package qemu
