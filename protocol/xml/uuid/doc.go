// Package uuid holds the identity of libvirt's objects: parsed as leniently as libvirt does, written in
// its one form.
package uuid
