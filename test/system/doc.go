// Package system runs daemons in system mode, as root, in a room of their own: mount and network
// namespaces whose folders of libvirt are empty, and a folder /mnt whose files can remember things.
//
//	room ─▶ one daemon at a time, Debian's or ours ─▶ virsh ─▶ machines of another user
package system
