package chaos

import (
	"fmt"
	"hash/fnv"
	"strings"
)

// uuidOf gives each name a UUID of its own.
func uuidOf(name string) string {
	h := fnv.New64a()
	h.Write([]byte(name))
	return fmt.Sprintf("00000000-0000-4000-8000-%012x", h.Sum64()>>16)
}

// document is a small machine.
func document(name, title string) string {
	return fmt.Sprintf(`<domain type='qemu'>
  <name>%s</name>
  <uuid>%s</uuid>
  <title>%s</title>
  <memory unit='MiB'>16</memory>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <features><acpi/></features>
  <devices>
    <serial type='pty'/>
    <channel type='unix'><target type='virtio' name='org.test.0'/></channel>
    <memballoon model='virtio'/>
  </devices>
</domain>`, name, uuidOf(name), title)
}

// buttonGuest is a boot sector that waits for the power button and switches the machine off.
var buttonGuest = []byte{
	0xfa,             // cli
	0xba, 0x02, 0x06, // mov dx, 0x602: what the power management tells of
	0xb8, 0x00, 0x01, // mov ax, 0x100: the button
	0xef,             // out dx, ax
	0xba, 0x00, 0x06, // mov dx, 0x600: what has happened
	0xed,             // in ax, dx
	0xf6, 0xc4, 0x01, // test ah, 1
	0x74, 0xfa, // jz to the in
	0xba, 0x04, 0x06, // mov dx, 0x604
	0xb8, 0x00, 0x20, // mov ax, 0x2000: sleep as in off
	0xef,       // out dx, ax
	0xf4,       // hlt
	0xeb, 0xfd, // jmp to the hlt
}

// buttonDocument is a machine with that guest.
func buttonDocument(p *place, name string) string {
	sector := make([]byte, 512)
	copy(sector, buttonGuest)
	sector[510], sector[511] = 0x55, 0xaa
	image := p.write("files/"+name+".img", string(sector))
	disk := fmt.Sprintf("<devices><disk type='file'><source file='%s'/><target dev='hda' bus='ide'/></disk>", image)
	return strings.Replace(document(name, "old"), "<devices>", disk, 1)
}

// fullDocument is a machine with a device of nearly each kind.
func fullDocument(p *place, name string) string {
	image := p.write("files/"+name+".raw", strings.Repeat("\x00", 1<<20))
	return fmt.Sprintf(`<domain type='qemu'>
  <name>%[1]s</name>
  <uuid>%[2]s</uuid>
  <title>old</title>
  <metadata><test:note xmlns:test='http://example.org/test'>kept</test:note></metadata>
  <memory unit='MiB'>32</memory>
  <currentMemory unit='MiB'>24</currentMemory>
  <vcpu current='1'>2</vcpu>
  <iothreads>1</iothreads>
  <os><type arch='x86_64' machine='q35'>hvm</type><boot dev='hd'/></os>
  <features><acpi/><apic/></features>
  <cpu mode='custom'><model>qemu64</model></cpu>
  <clock offset='utc'/>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='raw'/>
      <source file='%[3]s'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <disk type='file' device='cdrom'><target dev='sda' bus='sata'/></disk>
    <controller type='scsi' model='virtio-scsi'/>
    <interface type='user'><model type='virtio'/></interface>
    <serial type='pty'/>
    <channel type='unix'><target type='virtio' name='org.test.0'/></channel>
    <channel type='pty'><target type='virtio' name='org.test.1'/></channel>
    <input type='tablet' bus='usb'/>
    <graphics type='vnc' autoport='yes'/>
    <video><model type='vga'/></video>
    <sound model='ich9'/>
    <watchdog model='i6300esb' action='none'/>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
    <memballoon model='virtio'/>
  </devices>
</domain>`, name, uuidOf(name), image)
}
