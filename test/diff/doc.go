// Package diff asks the real libvirtd and ours the same questions through
// unmodified clients and compares the answers.
//
//	testdata/virsh/*.txt  ─▶ virsh, one command a line ─────▶ libvirtd of Debian ─┐
//	testdata/python/*.txt ─▶ python3-libvirt, one statement ▶ our libvirtd ───────┴▶ same text, same success
//
// Both are session daemons with folders of their own and hear each line at the
// same time; neither hears of the next before both have answered, so that a slow
// machine changes nothing. A script that shows a difference is asked once more of
// fresh daemons; what differs then fails. In a script
//
//	# text      is a comment
//	~ why       the answers may differ, though both must succeed or fail alike
//	? why       ours may say that it has not the function; once it has, it must answer alike
//	?? why      the same for all that follow
//	> why       ours may have lines between those of the real one
//	- regexp    takes what matches out of both answers, for the next line
//	-- regexp   the same for all that follow: what libvirt changed after the version at hand
//	= file      writes the text up to a line "=" into that file of the script's folder, $DIR
//	< file      stands for the lines of another script
//
// What two daemons can never share is named alike in both answers: folders, MAC
// addresses, terminals, ports of displays, times, and identities that neither
// the script nor the client chose.
package diff
