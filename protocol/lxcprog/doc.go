// Package lxcprog is the program of LXC's own calls, generated from protocol/spec/lxc.rpc.
//
//	virsh lxc-enter-namespace ──▶ descriptors of a container's namespaces
package lxcprog
