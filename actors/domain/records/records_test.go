package records

import (
	"strings"
	"testing"

	xml "virtree.dev/protocol/xml/domain"
)

const rest = `<domain type='kvm'><name>r</name><uuid>8c3a2b86-0d3f-4b8c-9a53-1a2b3c4d5e6f</uuid><memory>1024</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='pc'>hvm</type></os><devices>
<disk type='network' device='disk'><driver name='qemu' type='raw'/><source protocol='nbd' name='x'><host name='h'/></source><target dev='vda' bus='virtio'/></disk>
<disk type='block' device='disk'><driver name='qemu' type='raw'/><source dev='/dev/a b'/><target dev='vdb' bus='virtio'/></disk>
<filesystem type='mount'><source dir='/srv'/><target dir='s'/></filesystem>
<hostdev mode='subsystem' type='pci'><source><address domain='0x0000' bus='0x06' slot='0x02' function='0x1'/></source></hostdev>
<hostdev mode='subsystem' type='usb'><source><address bus='14' device='6'/></source></hostdev>
<hostdev mode='subsystem' type='mdev' model='vfio-pci'><source><address uuid='c2177883-f1bb-47f0-914d-32a22e3a8804'/></source></hostdev>
<redirdev bus='usb' type='spicevmc'/>
<smartcard mode='host-certificates'><certificate>c1</certificate><certificate>c2</certificate><certificate>c3</certificate></smartcard>
<rng model='virtio'><backend model='builtin'/></rng>
<rng model='virtio'><backend model='egd' type='unix'><source mode='connect' path='/run/egd'/></backend></rng>
<tpm model='tpm-tis'><backend type='emulator' version='2.0'/></tpm>
<tpm model='tpm-tis'><backend type='passthrough'><device path='/dev/tpm0'/></backend></tpm>
<shmem name='s0'><model type='ivshmem-plain'/><size unit='M'>4</size></shmem>
<shmem name='s1'><model type='ivshmem-doorbell'/><server path='/run/s1'/></shmem>
<input type='passthrough' bus='virtio'><source evdev='/dev/input/event1'/></input>
</devices></domain>`

// Devices that test/settings cannot give a machine.
func TestRestOfTheDevices(t *testing.T) {
	d, err := xml.Parse([]byte(rest), xml.ParseOptions{Inactive: true})
	if err != nil {
		t.Fatal(err)
	}
	const who = "vm=\"r\" uuid=8c3a2b86-0d3f-4b8c-9a53-1a2b3c4d5e6f "
	want := []string{
		`resrc=disk reason=start ` + who + `old-disk="?" new-disk=2F6465762F612062`,
		`resrc=fs reason=start ` + who + `old-fs="?" new-fs="/srv"`,
		`resrc=dev reason=start ` + who + `bus=pci device="0000:06:02.1"`,
		`resrc=dev reason=start ` + who + `bus=usb device="014.006"`,
		`resrc=dev reason=start ` + who + `bus=mdev device="c2177883-f1bb-47f0-914d-32a22e3a8804"`,
		`resrc=dev reason=start ` + who + `bus=usb device=555342207265646972646576`,
		`resrc=smartcard reason=start ` + who + `old-smartcard="?" new-smartcard="c1"`,
		`resrc=smartcard reason=start ` + who + `old-smartcard="?" new-smartcard="c2"`,
		`resrc=smartcard reason=start ` + who + `old-smartcard="?" new-smartcard="c3"`,
		`resrc=smartcard reason=start ` + who + `old-smartcard="?" new-smartcard="/etc/pki/nssdb"`,
		`resrc=rng reason=start ` + who + `old-rng="?" new-rng="/run/egd"`,
		`resrc=tpm-emulator reason=start ` + who + `device="/run/t.sock"`,
		`resrc=tpm reason=start ` + who + `device="/dev/tpm0"`,
		`resrc=shmem reason=start ` + who + `size=4194304 path=/dev/shm/s0`,
		`resrc=ivshmem-socket reason=start ` + who + `path=/run/s1`,
		`resrc=evdev reason=start ` + who + `path=/dev/input/event1`,
		`resrc=mem reason=start ` + who + `old-mem=0 new-mem=1024`,
		`resrc=vcpu reason=start ` + who + `old-vcpu=0 new-vcpu=1`,
		`op=start reason=booted ` + who + `vm-pid=7`,
	}
	got := Start(d, 7, "/run/t.sock", "booted", true)
	for i, r := range got {
		if i >= len(want) || r.Text != "virt=kvm "+strings.TrimSpace(want[i]) || !r.OK {
			t.Errorf("record %d: %s", i, r.Text)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d records, want %d", len(got), len(want))
	}
}
