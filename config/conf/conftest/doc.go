// Package conftest holds a table of settings against libvirt's list of keys.
package conftest
