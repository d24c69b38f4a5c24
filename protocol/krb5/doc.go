// Package krb5 is the acceptor of Kerberos contexts (RFC 4120, RFC 4121), as a
// mechanism of SASL wants one. Nothing in it reads or waits.
//
//	keytab ─▶ ParseKeys ─▶ Keys.Accept ─▶ Context
//	  AP-REQ ─▶ Context.Accept ─▶ AP-REP, with a key of this context's own
//	  messages ─▶ Wrap, Unwrap
//
// The messages of Kerberos are read by gokrb5, which this package alone knows.
// The client must ask for mutual authentication: then the context's key is fresh,
// and who repeats an AP-REQ of another gets no further. Keys are AES of either kind.
package krb5
