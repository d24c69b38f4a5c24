// Package diff asks the real libvirtd and ours the same questions through
// unmodified clients and compares the answers.
//
//	testdata/virsh/*.txt  ─▶ virsh, one command a line ─────▶ libvirtd of Debian ─┐
//	testdata/python/*.txt ─▶ python3-libvirt, one statement ▶ our libvirtd ───────┴▶ same text, same success
//
// Both are session daemons with folders of their own and hear each line at the
// same time; neither hears of the next before both have answered, so that a slow
// machine changes nothing. In a script "# " begins a comment; "~ why" before a
// line says that the answers may differ, and why, though both must still succeed
// or fail alike; "= file" writes the text up to a line "=" into that file of the
// script's folder before the next line runs, with $DIR for the folder; "< file"
// stands for the lines of another script.
//
// What two daemons can never share is named alike in both answers: folders, MAC
// addresses, terminals, ports of displays, times, and identities that neither
// the script nor the client chose.
package diff
