// Sampleconf writes the configuration files that a package has: every setting of the
// tables with what it changes and its default, all of it comments.
//
//	settings tables ─ Sample ─▶ FOLDER/libvirtd.conf, qemu.conf, …
package main
