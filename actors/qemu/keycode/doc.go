// Package keycode translates the numbers that clients have for keys into those
// that QEMU takes.
package keycode
