// Package admin steers daemons by Debian's virt-admin: ours alone, and beside
// libvirt's own, answer by answer.
package admin
