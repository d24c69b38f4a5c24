// Package cli runs our libvirtd as an administrator does and compares what it
// says, and how it ends, with what the real one was seen to do.
//
//	testdata/*.txt ─▶ sh ─▶ libvirtd ─▶ output and exit codes ─▶ the recorded ones
//
// A case is a title line "== title", lines "$ script", and the output that the
// real libvirtd gave, each line behind "| ". Where ours means to differ, "~ why"
// stands before and our own output behind "> ". In a script $D is the daemon and
// $B a folder of its own with run/, config/, cache/ and home/.
//
// Where libvirtd 9.0.0 is installed, "make diff-libvirt" holds the records
// against it; VIRTREE_REAL=1 go test -run Real -record writes them anew.
package cli
