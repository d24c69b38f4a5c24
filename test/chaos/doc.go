// Package chaos kills, stops and breaks daemons and machines and looks at what
// is left.
//
//	a session daemon of ours in folders of its own ◀── client (the wire protocol)
//	        │ VIRTREE_FAILPOINTS=@points: armed by the test while the daemon runs
//	        ▼
//	real QEMU processes, found by the folder in their command line
//
// After each blow the daemon is started again, and sound tells whether what it
// finds, what runs and what lies in its folders agree. takeover_test.go does the
// same with the stock libvirtd and ours in turn, in the same folders.
//
// Every failpoint in the source must be in the table of kills: a test lists
// them and fails for one that is not tried.
package chaos
