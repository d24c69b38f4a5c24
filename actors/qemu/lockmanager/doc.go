// Package lockmanager asks virtlockd for the leases of machines, so that no two of
// them, be it on two hosts, write to one disk.
//
//	start     QEMU's process registers a connection and keeps it   Manager.Holder
//	run       the leases are acquired in its name                  Manager.Acquire
//	pause     and given back                                       Manager.Release
//	end       with the process ends its connection, and with that whatever it had
//
// Which leases a document has is qemu-lockd.conf's matter: its <lease> devices, and
// one for each disk that the machine alone may write to. virtlockd is connected for
// each of these; one that was started anew is told of its folders again.
//
// What <on_lockfailure> says is for lock managers whose leases can be lost while a
// machine runs. Those of virtlockd cannot: it is kept in documents and asked nothing.
//
// A nil Manager is lock_manager = "nop": it locks nothing.
package lockmanager
