package qemu

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"virtree.dev/actors/domain"
	"virtree.dev/internal/hostinfo"
	"virtree.dev/protocol/virerr"
	xml "virtree.dev/protocol/xml/domain"
)

// usbFolder has the host's USB devices.
const usbFolder = "/sys/bus/usb/devices"

// usbDevice is one of them.
type usbDevice struct{ vendor, product, bus, device uint }

// String is its name in messages.
func (u usbDevice) String() string { return fmt.Sprintf("%03d:%03d", u.bus, u.device) }

// usbDevices lists the host's devices.
func usbDevices(host hostinfo.Host) ([]usbDevice, error) {
	folder := filepath.Join("/", host.Root, usbFolder)
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, virerr.System(virerr.FromNone, err, "cannot open directory '%s'", usbFolder)
	}
	var out []usbDevice
	for _, e := range entries {
		if strings.Contains(e.Name(), ":") { // an interface of one
			continue
		}
		var u usbDevice
		for _, v := range []struct {
			file string
			base int
			to   *uint
		}{{"idVendor", 16, &u.vendor}, {"idProduct", 16, &u.product}, {"devnum", 10, &u.device}} {
			text, err := os.ReadFile(filepath.Join(folder, e.Name(), v.file))
			if err != nil {
				return nil, virerr.System(virerr.FromNone, err, "Failed to open file '%s'", filepath.Join(usbFolder, e.Name(), v.file))
			}
			n, err := strconv.ParseUint(strings.TrimSpace(string(text)), v.base, 32)
			if err != nil {
				return nil, errUSB("Could not parse usb file %s", filepath.Join(usbFolder, e.Name(), v.file))
			}
			*v.to = uint(n)
		}
		bus, _, _ := strings.Cut(strings.TrimPrefix(e.Name(), "usb"), "-")
		n, err := strconv.ParseUint(bus, 10, 32)
		if err != nil {
			return nil, errUSB("Failed to parse dir name '%s'", e.Name())
		}
		u.bus = uint(n)
		out = append(out, u)
	}
	return out, nil
}

func errUSB(format string, args ...any) error {
	return virerr.New(virerr.FromNone, virerr.InternalError, format, args...)
}

// prepareUSB finds the host's USB devices that a machine wants. One that it can do without may be missing.
func (d *Driver) prepareUSB(def *xml.Domain) error {
	var devices []usbDevice
	var err error
	for _, h := range def.Devices.Hostdevs {
		if h.Mode != "subsystem" || h.Type != "usb" {
			continue
		}
		if devices == nil {
			if devices, err = usbDevices(d.host); err != nil {
				return err
			}
		}
		if err := findUSB(h, devices); err != nil {
			return err
		}
		if h.Missing {
			continue
		}
		if user := d.userOfUSB(h, def.UUID); user != nil {
			return virerr.New(virerr.FromNone, virerr.OperationInvalid, "USB device %s is in use by driver %s, domain %s",
				usbDevice{bus: h.USB.Bus, device: h.USB.Device}, d.Name(), user.Name)
		}
	}
	return nil
}

// findUSB finds a device by what the document says of it.
func findUSB(h *xml.Hostdev, all []usbDevice) error {
	u := &h.USB
	var found []usbDevice
	for _, d := range all {
		placed := d.bus == u.Bus && d.device == u.Device
		switch named := d.vendor == u.Vendor && d.product == u.Product; {
		case u.Vendor == 0 && !placed, u.Vendor != 0 && !named:
			continue
		case u.Vendor != 0 && u.Bus != 0 && placed:
			return nil
		case u.Vendor != 0 && u.Bus != 0 && !u.AutoAddress:
			continue
		}
		found = append(found, d)
	}
	switch {
	case u.Vendor == 0 && u.Bus == 0:
		h.Missing = true // the document names no device
	case len(found) == 0 && h.StartupPolicy == "optional":
		h.Missing = true
	case len(found) == 0:
		return errUSB("Did not find USB device %s", describeUSB(u))
	case len(found) == 1 || u.Vendor == 0:
		u.AutoAddress = u.AutoAddress || u.Vendor != 0
		u.Bus, u.Device = found[0].bus, found[0].device
	case u.AutoAddress:
		return errManyUSB("Multiple USB devices for %x:%x were found, but none of them is at bus:%d device:%d", u.Vendor, u.Product, u.Bus, u.Device)
	default:
		return errManyUSB("Multiple USB devices for %x:%x, use <address> to specify one", u.Vendor, u.Product)
	}
	return nil
}

func errManyUSB(format string, args ...any) error {
	return virerr.New(virerr.FromNone, virerr.OperationFailed, format, args...)
}

// describeUSB says by what a device was looked for.
func describeUSB(u *xml.HostUSB) string {
	place := fmt.Sprintf("bus:%d device:%d", u.Bus, u.Device)
	switch {
	case u.Vendor == 0:
		return place
	case u.Bus == 0 || u.AutoAddress:
		return fmt.Sprintf("%04x:%04x", u.Vendor, u.Product)
	}
	return fmt.Sprintf("%04x:%04x %s", u.Vendor, u.Product, place)
}

// userOfUSB is another machine that has the device.
func (d *Driver) userOfUSB(h *xml.Hostdev, uuid xml.UUID) *domain.Object {
	for _, o := range d.registry.Select(domain.ListActive) {
		if o.UUID == uuid {
			continue
		}
		for _, other := range o.Def.Devices.Hostdevs {
			if other.Mode == "subsystem" && other.Type == "usb" && !other.Missing && other.USB.Bus == h.USB.Bus && other.USB.Device == h.USB.Device {
				return o
			}
		}
	}
	return nil
}
