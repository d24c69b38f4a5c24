// Package qemuprog is the program of QEMU's own calls, generated from protocol/spec/qemu.rpc.
//
//	virsh qemu-monitor-command ──▶ the machine's monitor
package qemuprog
