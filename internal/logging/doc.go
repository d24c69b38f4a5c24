// Package logging is libvirt's log on top of zap.
//
//	source (zap logger name) -> filters: from which priority on? -> every output of that priority
//
// A line reads as libvirt's:
//
//	2026-11-23 01:28:58.123+0000: 1234: error : func:line : text
//
// Filters and outputs are written in libvirt's notation ("1:qemu", "3:file:/path")
// and can be switched at any time; a message goes either by the old or by the
// new setting, never by half of both. Writing is serialised by one lock, so that
// lines do not mix; nothing else waits for it.
package logging
