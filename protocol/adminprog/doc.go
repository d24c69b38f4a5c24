// Package adminprog is the admin program, generated from protocol/spec/admin.rpc.
//
//	virt-admin ──adminprog calls──▶ admin socket of a daemon
package adminprog
