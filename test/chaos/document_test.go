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
