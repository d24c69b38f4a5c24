// Package death kills virtlogd and virtlockd amid their work, again and again, and
// looks that nothing is missing.
//
//	machines (QEMU) and writers ─pipes─▶ virtlogd ─▶ log files     kill -9
//	owners, quick clients ──────calls──▶ virtlockd ─▶ lock files   kill -9
//	thieves ── fcntl ──────────────────────────────▶ lock files
//
// A supervisor of a few lines starts a daemon again when it ends. In the end every
// line is in its file once, in order, and no thief ever had a lock whose owner had
// been told that it is his. VIRTREE_KILLS says how often to kill; make death has a
// hundred.
//
// The daemons are session daemons. As root the tests run once more as nobody.
package death
