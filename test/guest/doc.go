// Package guest makes the smallest machine worth watching: a boot sector that
// greets on COM1 and counts there twice a second, for ever. It is assembled
// here, byte by byte, and is up in the blink of an eye under KVM and TCG alike.
package guest
