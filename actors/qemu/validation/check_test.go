package validation_test

import (
	"errors"
	"strings"
	"testing"

	"virtree.dev/actors/qemu/caps"
	"virtree.dev/actors/qemu/validation"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/domain"
)

// binary is a QEMU that can do what the plain documents of the tests ask for.
func binary(flags ...caps.Flag) *caps.Caps {
	c := caps.New("x86_64", 10000000, append(flags, "vnc", "virtio-net", "virtio-rng", "rng-random", "usb-storage", "ich9-ahci",
		"VGA", "netdev.user", "memory-backend-file.prealloc-threads")...)
	machines := []caps.Machine{{Name: "pc", MaxCPUs: 255}, {Name: "q35", MaxCPUs: 1024}, {Name: "none", MaxCPUs: 1, ACPI: domain.No}}
	c.Accels = map[string]*caps.Accel{"qemu": {Machines: machines}}
	return c
}

func host() *validation.Host {
	return &validation.Host{PhysBits: func() int { return 39 }, TPMVersions: func() []string { return []string{"2.0"} }}
}

// document is a machine with more in it: parts of <domain>, then parts of <devices>.
func document(t *testing.T, machine, parts, devices string) *domain.Domain {
	t.Helper()
	memory, vcpu := "<memory>65536</memory>", "<vcpu>2</vcpu>"
	if strings.Contains(parts, "<vcpu") {
		vcpu = ""
	}
	text := "<domain type='qemu'><name>m</name>" + memory + vcpu + parts + "<os><type arch='x86_64' machine='" + machine +
		"'>hvm</type></os><devices><emulator>/q</emulator>" + devices + "</devices></domain>"
	d, err := domain.Parse([]byte(text), domain.ParseOptions{Inactive: true})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return d
}

func TestCheckAccepts(t *testing.T) {
	d := document(t, "pc", "", "<disk type='file'><driver name='qemu' type='raw'/><source file='/x'/><target dev='vda'/></disk>"+
		"<interface type='user'><model type='virtio'/></interface><rng model='virtio'><backend model='random'/></rng>")
	if err := validation.Check(d, binary(), host()); err != nil {
		t.Error(err)
	}
}

func TestCheckRefuses(t *testing.T) {
	for _, c := range []struct{ machine, parts, devices, want string }{
		{"none", "<features><acpi/></features>", "", "machine type 'none' does not support ACPI"},
		{"isapc", "", "", "Emulator '/q' does not support machine type 'isapc'"},
		{"pc", "<memtune><min_guarantee>1</min_guarantee></memtune>", "", "Parameter 'min_guarantee' not supported by QEMU."},
		{"pc", "<on_poweroff>preserve</on_poweroff>", "", "qemu driver doesn't support the 'preserve' action for 'on_reboot'/'on_poweroff'"},
		{"pc", "<vcpu>256</vcpu>", "", "Maximum CPUs greater than specified machine type limit 255"},
		{"q35", "<vcpu>256</vcpu>", "", "more than 255 vCPUs require extended interrupt mode enabled on the iommu device"},
		{"pc", "<cpu><topology sockets='3' cores='1' threads='1'/></cpu>", "", "CPU topology doesn't match maximum vcpu count"},
		{"pc", "<clock><timer name='pit' tickpolicy='merge'/></clock>", "", "unsupported pit tickpolicy 'merge'"},
		{"pc", "<maxMemory slots='1'>131072</maxMemory>", "", "At least one numa node has to be configured when enabling memory hotplug"},
		{"pc", "<features><htm state='on'/></features>", "", "The 'htm' feature is not supported for architecture 'x86_64' or machine type 'pc'"},
		{"pc", "", "<disk type='file'><source file='/x'/><target dev='sda' bus='usb'/><address type='pci'/></disk>", "unexpected address type for usb disk"},
		{"pc", "", "<disk type='file' device='cdrom'><target dev='vda'/></disk>", "disk type of 'vda' does not support ejectable media"},
		{"pc", "", "<disk type='file'><source file='/x'/><target dev='vda'/><serial>a&amp;b</serial></disk>", "driver serial 'a&b' contains unsafe characters"},
		{"pc", "", "<disk type='file'><driver name='tap'/><source file='/x'/><target dev='vda'/></disk>", "unsupported driver name 'tap' for disk 'vda'"},
		{"pc", "", "<disk type='file'><driver io='native'/><source file='/x'/><target dev='vda'/></disk>", "io='native' needs either no disk cache or directsync cache mode"},
		{"pc", "", "<disk type='file'><driver iothread='3'/><source file='/x'/><target dev='vda'/></disk>", "Disk iothread '3' not defined in iothreadid"},
		{"pc", "", "<interface type='user'><model type='virtio'/><ip address='1.2.3.4'/><ip address='1.2.3.5'/></interface>", "Only one IPv4 address per interface is allowed"},
		{"pc", "", "<interface type='user'><mtu size='1400'/></interface>", "setting MTU on interface type user is not supported yet"},
		{"pc", "", "<graphics type='vnc' passwd='123456789'/><video><model type='vga'/></video>", "VNC password is 9 characters long, only 8 permitted"},
		{"pc", "", "<video><model type='qxl'/></video>", "domain configuration does not support video model 'qxl'"},
		{"pc", "", "<tpm model='tpm-tis'><backend type='emulator' version='1.2'/></tpm>", "TPM version '1.2' is not supported"},
		{"pc", "", "<watchdog model='itco'/>", "itco model of watchdog is only part of q35 machine"},
		{"pc", "", "<controller type='pci' index='0' model='pci-root'><target chassisNr='3'/></controller>", "Option 'chassisNr' is not valid for PCI controller with index '0', model 'pci-root' and modelName 'none'"},
		{"pc", "", "<controller type='ide' index='1'/>", "Only a single IDE controller is supported for this machine type"},
		{"q35", "", "<controller type='ide' index='0'/>", "IDE controllers are unsupported for this QEMU binary or machine type"},
		{"pc", "", "<filesystem><source dir='/x'/><target dir='y'/><space_hard_limit>1</space_hard_limit></filesystem>", "filesystem usage limits are not supported with QEMU"},
		{"pc", "", "<hostdev mode='capabilities' type='storage'><source><block>/x</block></source></hostdev>", "hostdev mode 'capabilities' is not supported in qemu"},
	} {
		err := validation.Check(document(t, c.machine, c.parts, c.devices), binary(), host())
		var e *virerr.Error
		if !errors.As(err, &e) || e.From != virerr.FromQEMU || !strings.HasSuffix(e.Message, c.want) {
			t.Errorf("%s %s%s: %v, want %s", c.machine, c.parts, c.devices, err, c.want)
		}
	}
}

func TestStartRefuses(t *testing.T) {
	for _, c := range []struct{ parts, devices, want string }{
		{"<memtune><hard_limit>1</hard_limit></memtune>", "", "Memory tuning is not available in session mode"},
		{"<cputune><shares>5</shares></cputune>", "", "CPU tuning is not available in session mode"},
		{"<numatune><memory mode='strict' nodeset='0-5'/></numatune>", "", "NUMA node 2 is unavailable"},
		{"", "<graphics type='vnc'/><graphics type='vnc'/>", "only 1 graphics device of each type (sdl, vnc, spice, headless, dbus) is supported"},
		{"", "<graphics type='vnc' port='80' autoport='no'/>", "vnc port must be in range [5900,65535]"},
		{"", "<controller type='usb' model='nec-xhci'/>", "USB controller model 'nec-xhci' not supported in this QEMU binary"},
	} {
		h := &validation.StartHost{VFIO: true, Node: func(n int) bool { return n < 2 }}
		err := validation.Start(document(t, "pc", c.parts, c.devices), binary("piix3-usb-uhci"), h)
		if err == nil || err.Error() != "unsupported configuration: "+c.want {
			t.Errorf("%s%s: %v, want %s", c.parts, c.devices, err, c.want)
		}
	}
}
