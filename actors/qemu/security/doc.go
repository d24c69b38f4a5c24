// Package security says who a machine is, and which of the host's files are its own while it runs: libvirt's
// security model "dac", by users and groups, on top of "none". It changes nothing; internal/ownership does.
//
//	qemu.conf ─▶ Policy ─▶ Generate: the labels of a document
//	                    ├▶ Process: whom QEMU runs as
//	                    └▶ Given, Returned: files that go to the machine, and that come back
//
// A user's own daemon has no policy: its machines are the user's.
package security
