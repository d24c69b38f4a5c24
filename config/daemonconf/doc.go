// Package daemonconf holds the settings of libvirtd.conf, which virtproxyd and
// the modular daemons share: a typed Config with libvirt's defaults, and one
// table that ties every key to its field and says what it changes.
package daemonconf
