// Package paths knows where a daemon's folders, sockets and pid file are, in
// system mode and in session mode, by libvirt's and XDG's rules.
package paths
