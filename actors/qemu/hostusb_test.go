package qemu

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"virtree.dev/internal/hostinfo"
	xml "virtree.dev/protocol/xml/domain"
)

// usbHost has a mouse, two equal sticks and the hub that they are behind.
func usbHost(t *testing.T) hostinfo.Host {
	t.Helper()
	h := hostinfo.Host{Root: t.TempDir()}
	for name, files := range map[string][3]string{
		"usb1":    {"1d6b", "0002", "1"},
		"1-1":     {"046d", "c077", "4"},
		"1-1.2":   {"0781", "5567", "5"},
		"2-1":     {"0781", "5567", "2"},
		"1-1:1.0": {"", "", ""},
	} {
		dir := filepath.Join(h.Root, usbFolder, name)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for i, file := range []string{"idVendor", "idProduct", "devnum"} {
			if err := os.WriteFile(filepath.Join(dir, file), []byte(files[i]+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	return h
}

func TestUSBDevicesAreFound(t *testing.T) {
	all, err := usbDevices(usbHost(t))
	if err != nil || len(all) != 4 {
		t.Fatalf("%v, %v", all, err)
	}
	mouse, stick, nothing := [2]uint{0x46d, 0xc077}, [2]uint{0x781, 0x5567}, [2]uint{0x46d, 1}
	for _, c := range []struct {
		device      [2]uint
		bus, number uint
		auto        bool
		policy      string
		want        string
	}{
		{mouse, 0, 0, false, "", "1:4 auto"},
		{mouse, 1, 4, false, "", "1:4"},
		{mouse, 1, 9, true, "", "1:4 auto"},
		{mouse, 1, 9, false, "", "internal error: Did not find USB device 046d:c077 bus:1 device:9"},
		{mouse, 1, 9, false, "optional", "missing"},
		{stick, 2, 2, false, "", "2:2"},
		{stick, 0, 0, false, "", "operation failed: Multiple USB devices for 781:5567, use <address> to specify one"},
		{stick, 1, 9, true, "", "operation failed: Multiple USB devices for 781:5567 were found, but none of them is at bus:1 device:9"},
		{nothing, 0, 0, false, "", "internal error: Did not find USB device 046d:0001"},
		{nothing, 0, 0, false, "requisite", "internal error: Did not find USB device 046d:0001"},
		{nothing, 0, 0, false, "optional", "missing"},
		{[2]uint{}, 1, 4, false, "", "1:4"},
		{[2]uint{}, 7, 4, false, "", "internal error: Did not find USB device bus:7 device:4"},
		{[2]uint{}, 0, 0, false, "", "missing"},
	} {
		h := &xml.Hostdev{StartupPolicy: c.policy, USB: xml.HostUSB{
			Vendor: c.device[0], Product: c.device[1], Bus: c.bus, Device: c.number, AutoAddress: c.auto,
		}}
		var got string
		switch err := findUSB(h, all); {
		case err != nil:
			got = err.Error()
		case h.Missing:
			got = "missing"
		default:
			if got = fmt.Sprintf("%d:%d", h.USB.Bus, h.USB.Device); h.USB.AutoAddress {
				got += " auto"
			}
		}
		if got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

func TestHostWithoutUSB(t *testing.T) {
	_, err := usbDevices(hostinfo.Host{Root: t.TempDir()})
	if want := "cannot open directory '/sys/bus/usb/devices': No such file or directory"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}
