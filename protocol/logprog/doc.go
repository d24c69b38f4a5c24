// Package logprog is the program of the log service, generated from protocol/spec/log.rpc.
//
//	driver ──open, read, append──▶ log service ──▶ descriptor of a pipe
package logprog
