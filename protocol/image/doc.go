// Package image reads what the headers of disk images tell: the size of the disk
// inside, and which other images it is built upon. Headers are written by guests
// and strangers: everything is bounded, and nothing outside the bytes is looked at.
package image
