// Package domstatus reads and writes the status document of a running machine, by which a daemon finds the
// machine again after a restart. The form is libvirt's, so that its daemon finds it too.
//
// What the QEMU driver needs is typed; the rest of the elements (backups, block jobs, details of a job) is
// kept and written back as it was.
package domstatus
