// Libvirtd is the monolithic daemon: every driver in one process.
package main
