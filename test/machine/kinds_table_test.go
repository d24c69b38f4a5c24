package machine

import (
	"os"
	"os/exec"
	"strings"
)

// kind is a kind of machine. FILES in it stands for the folder of images.
type kind struct {
	name    string
	machine string // q35 where it is empty
	os      string // within <os>
	more    string // beside <devices>
	devices string
	needs   []string // programs and files
}

const (
	pty  = "<serial type='pty'/><console type='pty'/>"
	lean = "<controller type='usb' model='none'/><memballoon model='none'/>"
)

func (k *kind) document(name, files string) string {
	machine := k.machine
	if machine == "" {
		machine = "q35"
	}
	text := "<domain type='qemu'><name>" + name + "</name><memory unit='MiB'>64</memory>" +
		"<os><type arch='x86_64' machine='" + machine + "'>hvm</type>" + k.os + "</os>" +
		"<features><acpi/></features>" + k.more + "<devices>" + k.devices + "</devices></domain>"
	return strings.ReplaceAll(text, "FILES", files)
}

// lacks gives what of the kind's needs is not on this host.
func (k *kind) lacks() string {
	for _, need := range k.needs {
		if strings.HasPrefix(need, "/") {
			if _, err := os.Stat(need); err != nil {
				return need
			}
		} else if _, err := exec.LookPath(need); err != nil {
			return need
		}
	}
	return ""
}

const ovmf = "/usr/share/OVMF/OVMF_CODE.fd"

func disk(format, file, target, bus, more string) string {
	return "<disk type='file'" + more + "><driver name='qemu' type='" + format + "'/><source file='FILES/" + file +
		"'/><target dev='" + target + "' bus='" + bus + "'/></disk>"
}

func serial(kind, inner string) string { return "<serial type='" + kind + "'>" + inner + "</serial>" }

// kinds run in session mode.
var kinds = []kind{
	{name: "q35"},
	{name: "pc", machine: "pc"},
	{name: "microvm", machine: "microvm", devices: lean + serial("pty", "")},
	{name: "ovmf", needs: []string{ovmf, "/usr/share/OVMF/OVMF_VARS.fd"}, os: "<loader readonly='yes' type='pflash'>" + ovmf +
		"</loader><nvram template='/usr/share/OVMF/OVMF_VARS.fd'>FILES/vars.fd</nvram>"},
	{name: "virtio", devices: disk("raw", "a.raw", "vda", "virtio", "")},
	{name: "scsi", devices: "<controller type='scsi' model='virtio-scsi'/>" + disk("raw", "a.raw", "sda", "scsi", "")},
	{name: "sata", devices: disk("raw", "a.raw", "sda", "sata", "")},
	{name: "ide", machine: "pc", devices: disk("raw", "a.raw", "hda", "ide", "")},
	{name: "usb", devices: "<controller type='usb' model='qemu-xhci'/>" + disk("raw", "a.raw", "sda", "usb", "") +
		"<input type='tablet' bus='usb'/><redirdev bus='usb' type='tcp'><source mode='bind' host='127.0.0.1' service='0'/></redirdev>"},
	{name: "chain", devices: disk("qcow2", "top.qcow2", "vda", "virtio", "")},
	{name: "cdrom", devices: disk("raw", "a.raw", "sda", "sata", " device='cdrom'") +
		"<disk type='file' device='cdrom'><target dev='sdb' bus='sata'/></disk>"},
	{name: "floppy", machine: "pc", devices: disk("raw", "a.raw", "fda", "fdc", " device='floppy'")},
	{name: "missing", devices: "<disk type='file'><source file='FILES/none' startupPolicy='optional'/><target dev='vda' bus='virtio'/></disk>"},
	{name: "vnc", devices: "<graphics type='vnc' port='-1' autoport='yes'/><video><model type='vga'/></video>"},
	{name: "vncsocket", devices: "<graphics type='vnc'><listen type='socket'/></graphics>"},
	{name: "spice", devices: "<graphics type='spice' autoport='yes'/><video><model type='qxl'/></video>" +
		"<channel type='spicevmc'><target type='virtio' name='com.redhat.spice.0'/></channel>"},
	{name: "pty", devices: pty},
	{name: "null", devices: serial("null", "")},
	{name: "vc", devices: serial("vc", "")},
	{name: "file", devices: serial("file", "<source path='FILES/serial.log'/>")},
	{name: "pipe", devices: serial("pipe", "<source path='FILES/pipe'/>")},
	{name: "socket", devices: serial("unix", "<source mode='bind' path='FILES/serial.sock'/>")},
	{name: "tcp", devices: serial("tcp", "<source mode='bind' host='127.0.0.1' service='0'/><protocol type='raw'/>")},
	{name: "udp", devices: serial("udp", "<source mode='connect' host='127.0.0.1' service='9'/>")},
	{name: "log", devices: serial("pty", "<log file='FILES/chardev.log' append='on'/>")},
	{name: "channel", devices: "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>"},
	{name: "rng", devices: "<rng model='virtio'><backend model='random'>/dev/urandom</backend><rate bytes='99'/></rng>"},
	{name: "watchdog", devices: "<watchdog model='i6300esb' action='reset'/>"},
	{name: "panic", devices: "<panic model='isa'/>"},
	{name: "memfd", more: "<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>"},
	{name: "memoryfile", more: "<memoryBacking><source type='file'/><allocation mode='immediate'/></memoryBacking>"},
	{name: "audio", devices: "<sound model='ich9'/><audio id='1' type='none'/>"},
	{name: "user", devices: "<interface type='user'><model type='virtio'/></interface>"},
	{name: "shmem", devices: "<shmem name='vtshm'><model type='ivshmem-plain'/><size unit='M'>4</size></shmem>"},
	{name: "crypto", devices: "<crypto model='virtio' type='qemu'><backend model='builtin' queues='1'/></crypto>"},
	{name: "pinned", more: "<vcpu placement='static' cpuset='0'>1</vcpu><iothreads>1</iothreads>" +
		"<cputune><vcpupin vcpu='0' cpuset='0'/><iothreadpin iothread='1' cpuset='0'/>" +
		"<iothreadsched iothreads='1' scheduler='batch'/></cputune>"},
	{name: "tpm", needs: []string{"swtpm", "swtpm_setup", "swtpm_ioctl"},
		devices: "<tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm>"},
}

// networks need root, in namespaces of their own.
var networks = []kind{
	{name: "tap", devices: "<interface type='ethernet'><target dev='vttap0'/><model type='virtio'/></interface>"},
	{name: "bridge", devices: "<interface type='bridge'><source bridge='vtbr0'/><target dev='vttap1'/><port isolated='yes'/><model type='virtio'/></interface>"},
}
