// Package machine starts real machines of many kinds by our daemon under the QEMU that is
// installed, looks that they run, ends them, and looks that nothing of them is left.
package machine
