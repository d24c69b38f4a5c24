// Package schema holds documents of clients against libvirt's RELAX NG schemas, for the flags that ask for
// it. The schemas come with libvirt's client library (Debian: libvirt0), the validator is xmllint
// (libxml2-utils): it speaks the words of libxml2, which libvirt passes on.
//
// There is no process here: Validate blocks its caller, who waits as for any other outside command.
package schema
