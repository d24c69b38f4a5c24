// Package wire holds what our libvirtd says on its sockets against what
// libvirt's says, byte by byte.
//
//	exchange (a table of sends) ─▶ Debian's libvirtd ─▶ transcript ─┐
//	                            ├▶ testdata/*.golden ───────────────┤ equal
//	                            └▶ our libvirtd ────▶ transcript ───┘
//
// The golden files were recorded from libvirtd 9.0.0 with -update, so that the
// comparison also runs where it is not installed, and quickly; with VIRTREE_REAL=1
// it takes part itself. Where we differ on purpose,
// the exchange says why, and the file has our transcript beside the other.
package wire
