// Package images finds what stands behind the disks of a machine that is about to start:
// volumes of pools become paths or servers, disks that may be missing and are go away.
//
//	document + Pools ──Prepare──▶ document whose sources QEMU can open
//
// The package is pure: what there is on the host comes in by interfaces.
package images
