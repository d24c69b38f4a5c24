// Package golden scores what the project makes of documents against what libvirt makes of them. The
// documents are not part of the repository: their folder comes from VIRTREE_TESTDATA, else it is testdata
// in VIRTREE_SHARED, else ../shared/testdata beside the project. Without it the tests skip and say why.
//
// A scorer is a file of its own: it calls score with a name, the cases and a function that judges one.
// Each prints a line "golden NAME: matched/total". floors.txt keeps the numbers that must not fall;
// VIRTREE_GOLDEN_UPDATE=1 writes it anew, VIRTREE_GOLDEN_DIFF=1 shows the first difference of each
// case that does not match. VIRTREE_GOLDEN_CASE keeps the cases whose name contains it and shows whole results.
package golden
