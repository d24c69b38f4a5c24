// Package remote is the main program, generated from protocol/spec/remote.rpc:
// the types of all arguments and replies, and the table of the procedures.
//
//	client ──frame──▶ protocol/wire ──▶ remote types ──▶ a driver's handler
package remote
