// Package lockprog is the program of the lock service, generated from protocol/spec/lock.rpc.
//
//	driver ──register, acquire, release──▶ lock service
package lockprog
