// Virtlockd is the lock service: it holds the leases of machines.
package main
