// Package guest makes the smallest machines worth watching: boot sectors that are
// assembled here, byte by byte, and are up in the blink of an eye under KVM and
// TCG alike. One greets on COM1 and counts there twice a second, for ever; the
// other waits for keys and powers off, sleeps, crashes or resets as they say.
package guest
