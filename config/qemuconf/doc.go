// Package qemuconf holds the settings of qemu.conf: a typed Config with
// libvirt's defaults, and one table that ties every key to its field and says
// what it changes.
package qemuconf
