// Package daemon turns a list of drivers into a running daemon: command line,
// configuration, log, pid file, then the tree of processes, then signals.
package daemon
