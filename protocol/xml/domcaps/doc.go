// Package domcaps is the document in which a driver tells what one kind of guests can have: those of a binary,
// architecture, virt type and machine type.
package domcaps
