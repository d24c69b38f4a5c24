// Virtqemud is the daemon of the qemu driver alone.
package main
