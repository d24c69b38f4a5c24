// Package polkit has what is installed for polkit: who may come in
// (org.libvirt.unix.policy, 60-libvirt.rules), and every permission that the
// access driver "polkit" asks for (org.libvirt.api.policy), written from the
// table here by
//
//	go test ./config/polkit -update
package polkit
