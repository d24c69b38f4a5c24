// Package keepalive has the numbers of the program by which either end asks
// whether the other is still there.
//
//	PING ──▶ peer ──▶ PONG; answered by the reader of a connection, outside all quotas
package keepalive
