// Package cpuset reads and writes sets of processors and nodes in libvirt's notation, as in "0-3,^2,8".
package cpuset
