// Package wiretest is a client that speaks frames, for tests: right ones by
// Call, and any bytes and descriptors that a test wants to send.
package wiretest
