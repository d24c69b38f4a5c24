// Package driver is what a driver of the daemon is: a name, a kind, the URIs
// it opens, and a table of handlers for each program.
//
//	CONNECT_OPEN uri ──▶ Roster.Open ──▶ the first driver of each kind that accepts
package driver
