package qemu

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"virtree.dev/internal/hostinfo"
	xml "virtree.dev/protocol/xml/domain"
)

// hostPCI looks at the host's PCI devices.
type hostPCI struct{ host hostinfo.Host }

const (
	configStatus = 0x06 // of the status register, whose bit 4 tells of capabilities
	configCaps   = 0x34 // where the list of capabilities begins
	capExpress   = 0x10
	plainConfig  = 256 // bytes of configuration space that conventional devices have
)

// IOMMUGroup is the number of the group that the kernel put a device into.
func (h hostPCI) IOMMUGroup(a xml.PCIAddress) (group uint, known bool) {
	link, err := os.Readlink(filepath.Join("/", h.host.Root, "sys/bus/pci/devices", pciName(a), "iommu_group"))
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseUint(filepath.Base(link), 10, 31)
	return uint(n), err == nil
}

func pciName(a xml.PCIAddress) string {
	return fmt.Sprintf("%04x:%02x:%02x.%d", a.Domain, a.Bus, a.Slot, a.Function)
}

// PCIExpress says whether a device of the host is PCI Express: it has the
// capability, or more configuration space than a conventional one.
func (h hostPCI) PCIExpress(a xml.PCIAddress) (express, known bool) {
	config, err := os.ReadFile(filepath.Join("/", h.host.Root, "sys/bus/pci/devices", pciName(a), "config"))
	if err != nil || len(config) <= configCaps {
		return false, false
	}
	if len(config) > plainConfig {
		return true, true
	}
	if config[configStatus]&0x10 == 0 {
		return false, true
	}
	for at, steps := int(config[configCaps]), 0; at != 0 && at+1 < len(config) && steps < len(config); steps++ {
		if config[at] == capExpress {
			return true, true
		}
		at = int(config[at+1])
	}
	return false, true
}
