// Package systemd boots a real systemd in namespaces, with our daemons and unit
// files in place of the host's, and looks at what they do there.
//
//	Boot ─▶ boot.sh ─▶ systemd, PID 1 of its own ◀─ Run ─ systemctl, virsh, …
package systemd
