// Package domain is what the drivers of hypervisors share: how a domain looks
// from outside, which jobs may run on it, and what follows from what happens
// to its machine.
//
//	a driver's domain process ── Core.Step(message) ─▶ effects, carried out by the process
//	                          ── Registry.Put(object) ─▶ published; lists, lookups and states are read from there
//	a worker ── Jobs.Ask / Jobs.Done, through the domain's process ─▶ one job at a time
//
// Core and Jobs are plain values without a clock, a file or a goroutine:
// testdata/*.txt are transcripts of them. Objects are immutable once published;
// a reader may keep one as long as it likes.
package domain
