// Package sasl is the server's side of SASL mechanisms: state machines that are
// given what a client says and give what it is told. Nothing in it reads or waits.
//
//	Server.Begin(mechanism) ──▶ Exchange
//	   client's data ─▶ Exchange.Step ─▶ server's data, until done
//	                                     └▶ User, and a Layer where one was agreed on
//
// PLAIN (RFC 4616), SCRAM-SHA-1 (RFC 5802) and SCRAM-SHA-256 (RFC 7677) compare
// with a Secret that Lookup gives; GSSAPI (RFC 4752) leaves tokens to a Context.
// Names and passwords are taken as they come: no SASLprep.
package sasl
