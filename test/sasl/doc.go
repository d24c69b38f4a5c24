// Package sasl lets Debian's virsh say by SASL who it is: to our daemon, and to the
// real one with the same files where that is wanted, which must tell it the same.
//
//	virsh ─auth file─▶ SCRAM, PLAIN ─▶ TLS, UNIX    passwd.db of saslpasswd2, sasl.users
//	virsh ─ticket────▶ GSSAPI ───────▶ TCP          keytab, a KDC in a namespace
package sasl
