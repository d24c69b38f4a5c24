// Package rotating holds log files that are rolled over at a size, as libvirt's
// virRotatingFile does: NAME is written, NAME.0 is the one before, up to a
// number of backups.
//
// A file is rolled over before it grows too long, after the last end of a line
// within the 80 bytes before the border, so that lines stay whole; where there
// is none, at the border. Nothing here keeps more of a chunk than those 80 bytes
// in memory: who has the bytes moves them.
package rotating
