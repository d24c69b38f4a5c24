// Package program describes an RPC program as the server sees it: its procedures
// with their kinds, owners, rules and the types of what they carry.
//
//	protocol/spec/*.rpc ──rpcgen──▶ Program tables ──▶ actors/dispatch
package program
