// Package sys holds the system calls that the standard library lacks. It is the
// only importer of golang.org/x/sys/unix, so that what we ask of a kernel can be
// read in one place.
package sys
