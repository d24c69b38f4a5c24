// Package xdr encodes and decodes XDR (RFC 4506) in the form that libvirt uses.
//
//	value ──AppendXDR──▶ bytes          bytes ──DecodeXDR──▶ value
//
// There is no reflection: generated types append themselves and read
// themselves from a Decoder. Every array carries its bound; a Decoder never
// allocates more than its input could fill, and its first error sticks.
package xdr
