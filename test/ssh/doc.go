// Package ssh has virsh come over qemu+ssh://, through our virt-ssh-helper.
//
//	virsh ─ command= ─▶ what stands for ssh ─▶ virt-ssh-helper ─▶ session daemon
//	virsh ─ ssh ─▶ sshd in a booted systemd ─▶ virt-ssh-helper ─▶ system daemon
package ssh
