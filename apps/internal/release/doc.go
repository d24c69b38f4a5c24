// Package release names the release of libvirt whose protocol and behaviour we have.
package release
