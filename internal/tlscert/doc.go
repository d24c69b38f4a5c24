// Package tlscert is a TLS server's certificates: read, checked as libvirt checks
// them, exchanged while the server runs, and the checks of clients' certificates.
//
//	files ─▶ Load ─▶ Credentials ─▶ Store ─▶ crypto/tls, for each handshake
//	                                  └────▶ Peer: chain ─▶ distinguished name, or why not
package tlscert
