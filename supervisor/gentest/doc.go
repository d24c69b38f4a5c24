// Package gentest runs one process by hand, among stands for those it talks to, and tells what it sent them.
//
//	Stage ─Start▶ the process ─Send, Call▶ Stand: keeps what it gets, answers by a function
//
// Inside a bubble of testing/synctest, Settled waits until everybody has nothing more to do:
// what a stand has by then is all there is.
package gentest
