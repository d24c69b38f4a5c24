// Package notify tells systemd how a daemon is: ready, reloading, stopping.
// Without NOTIFY_SOCKET every call does nothing.
package notify
