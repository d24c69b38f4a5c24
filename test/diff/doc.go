// Package diff asks the real libvirtd and ours the same questions through an
// unmodified virsh and compares the answers.
//
//	testdata/*.txt ─▶ virsh ─▶ libvirtd of Debian ─┐
//	               └▶ virsh ─▶ our libvirtd ───────┴▶ same text, same exit code
//
// A script has one virsh command a line. "# " begins a comment, "~ why" before
// a command says that the answers may differ, and why; both must still succeed
// or fail alike. "= file" below a command's line writes the text up to a line
// "=" into that file of the script's folder first.
package diff
