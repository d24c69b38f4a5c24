// Package settings holds what the configuration files of the daemons say against what
// the daemons do: one test for each key, seen by Debian's clients, and --check-config of
// each daemon. config/*/testdata/effects.txt says which test is of which key; test/arch
// fails for a key without one.
//
//	peer.Start with a file ─▶ daemon ◀─ virsh, virt-admin, our own client
package settings
