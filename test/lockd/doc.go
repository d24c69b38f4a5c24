// Package lockd tests virtlockd from outside: ours and Debian's answer the same
// script alike and keep each other out of a lease, ours takes over from
// Debian's, and a thief that never sleeps gets no lock through replacements and
// sudden deaths.
package lockd
