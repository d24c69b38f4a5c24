package address_test

import (
	"testing"

	"virtree.dev/actors/qemu/address"
	"virtree.dev/actors/qemu/caps"
	"virtree.dev/protocol/xml/domain"
)

type noPCI struct{}

func (noPCI) PCIExpress(domain.PCIAddress) (express, known bool)    { return false, false }
func (noPCI) IOMMUGroup(domain.PCIAddress) (group uint, known bool) { return 0, false }

func assign(t *testing.T, arch, machine, devices string) (*domain.Domain, error) {
	t.Helper()
	text := "<domain type='qemu'><name>m</name><memory>65536</memory><os><type arch='" + arch + "' machine='" + machine +
		"'>hvm</type></os><devices>" + devices + "</devices></domain>"
	d, err := domain.Parse([]byte(text), domain.ParseOptions{Inactive: true})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	binary := caps.New(arch, 10000000, "pcie-root-port", "pci-bridge", "piix3-usb-uhci", "usb-hub")
	if arch == "s390x" {
		binary.Set("zpci", true)
	}
	return d, address.Assign(d, binary, noPCI{}, true)
}

const rng = "<rng model='virtio'><backend model='random'/>"

func TestAssignRefuses(t *testing.T) {
	root := "<controller type='pci' index='0' model='pci-root'/>"
	at := func(place string) string { return rng + "<address " + place + "/></rng>" }
	for _, c := range []struct{ arch, machine, devices, want string }{
		{
			"x86_64", "pc", root + at("type='pci' bus='0' slot='9'") + at("type='pci' bus='0' slot='9'"),
			"XML error: Attempted double use of PCI Address 0000:00:09.0",
		},
		{
			"x86_64", "pc", root + at("type='pci' bus='0' slot='1' function='2'") + at("type='pci' domain='3' slot='4'"),
			"XML error: Invalid PCI address 0003:00:04.0. Only PCI domain 0 is available",
		},
		{
			"x86_64", "pc", root + at("type='pci' bus='7' slot='4'"),
			"",
		},
		{
			"s390x", "s390-ccw-virtio", at("type='ccw' cssid='0xfe' ssid='0' devno='1'") + at("type='ccw' cssid='0xfe' ssid='0' devno='1'"),
			"XML error: The CCW devno 'fe.0.0001' is in use already",
		},
		{
			"s390x", "s390-ccw-virtio", root + rng + "<address type='pci' slot='1'><zpci uid='25'/></address></rng>" +
				rng + "<address type='pci' slot='2'><zpci uid='25'/></address></rng>",
			"internal error: zPCI uid 31 is already reserved",
		},
		{
			"ppc64", "pseries", "<interface type='user'><model type='spapr-vlan'/><address type='spapr-vio' reg='0x1000'/></interface>" +
				"<interface type='user'><model type='spapr-vlan'/><address type='spapr-vio' reg='0x1000'/></interface>",
			"XML error: spapr-vio address 0x1000 already in use",
		},
		{
			"x86_64", "pc", root + "<controller type='usb' index='0' model='piix3-uhci'/><input type='tablet' bus='usb'><address type='usb' bus='0' port='9'/></input>",
			"XML error: requested USB port 9 not present on USB bus 0",
		},
		{
			"x86_64", "pc", root + "<controller type='usb' index='0' model='piix3-uhci'/><input type='tablet' bus='usb'><address type='usb' bus='2' port='1'/></input>",
			"XML error: Missing USB bus 2",
		},
	} {
		_, err := assign(t, c.arch, c.machine, c.devices)
		switch {
		case c.want == "" && err == nil, err != nil && err.Error() == c.want:
		default:
			t.Errorf("%s: %v, want %s", c.devices, err, c.want)
		}
	}
}

func TestAssignZPCI(t *testing.T) {
	d, err := assign(t, "s390x", "s390-ccw-virtio", "<controller type='pci' index='0' model='pci-root'/>"+
		rng+"<address type='pci' slot='1'/></rng>"+rng+"<address type='pci' slot='2'><zpci uid='1' fid='0x0'/></address></rng>")
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []uint{2, 1} {
		z := d.Devices.RNGs[i].Address.PCI.ZPCI
		if z == nil || *z.UID != want || *z.FID != want-1 {
			t.Errorf("device %d: %+v, want uid %d", i, z, want)
		}
	}
}
