// Package hostinfo reads what the kernel tells of the host and of processes
// under /proc and /sys. A Host with another root reads a copy of those folders,
// as tests do.
package hostinfo
