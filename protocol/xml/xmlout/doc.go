// Package xmlout writes documents in libvirt's exact form: two spaces an indent, single quotes,
// elements without content closed in themselves, its five escapes.
package xmlout
