// Package ownership gives files to another user for a while, and takes them back.
//
// Whose a file was is written down with it, in extended attributes of libvirt's names and
// forms, so that it may be taken back by whichever daemon is there then:
//
//	trusted.libvirt.security.dac            "+0:+0"   whose it was before the first use
//	trusted.libvirt.security.ref_dac        "1"       how often it is in use
//	trusted.libvirt.security.timestamp_dac  "179..."  when the host was started that wrote it
//
// A file in use is not given to anybody else. What an earlier boot left counts for nothing.
// While the attributes of files change, a byte of each is locked, as libvirt does.
package ownership
