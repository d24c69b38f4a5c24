// Package keep holds files, and a few bytes with each, beyond the sudden death of
// the process that uses them.
package keep
