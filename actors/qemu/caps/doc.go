// Package caps knows what a QEMU binary can do.
//
//	QMP replies ──Parse──▶ Caps ◀── cache file, valid for one binary by path, mtime and size
//
// A Caps is made once and never changes, so everyone may read it.
package caps
