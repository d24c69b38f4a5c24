// Package admin is the admin program: what virt-admin asks of a daemon and
// changes in it.
//
//	virt-admin ──▶ rpc.Server "admin" ──▶ Service ──▶ rpc.Server of each name: clients, limits, workers
//	                                             ├──▶ logging.Log: outputs, filters
//	                                             └──▶ Daemon: timeout, end
//
// It keeps no state: everything is read from and changed in those that have it,
// in one step each, so that a value that is refused changes nothing. Calls take
// a worker of the admin server, as they do in libvirt, and never wait for
// another process: a daemon whose other workers are all stuck still answers.
// Errors are libvirt's own, by the part of libvirt that finds them.
package admin
