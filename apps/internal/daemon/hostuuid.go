package daemon

import (
	"fmt"
	"os"
	"strings"

	"virtree.dev/config/daemonconf"
	"virtree.dev/protocol/xml/uuid"
)

const (
	dmiUUID   = "/sys/class/dmi/id/product_uuid"
	machineID = "/etc/machine-id"
)

// hostUUID is the identity of the host that clients see in capabilities: the
// configured one, that of the firmware or of the installation, else a random one.
func hostUUID(c *daemonconf.Config) (uuid.UUID, error) {
	text := c.HostUUID
	if text == "" {
		switch c.HostUUIDSource {
		case "", "smbios":
			return firmwareUUID(), nil
		case "machine-id":
			b, err := os.ReadFile(machineID)
			if err != nil {
				return uuid.UUID{}, fmt.Errorf("Can't read %s", machineID)
			}
			text = strings.TrimSpace(string(b))
		default:
			return uuid.UUID{}, fmt.Errorf("invalid UUID source: %s", c.HostUUIDSource)
		}
	}
	id, err := uuid.Parse(text)
	if err != nil || isMonotone(id) {
		return uuid.UUID{}, fmt.Errorf("invalid host UUID: %s", text)
	}
	return id, nil
}

func firmwareUUID() uuid.UUID {
	if b, err := os.ReadFile(dmiUUID); err == nil {
		if id, err := uuid.Parse(strings.TrimSpace(string(b))); err == nil && !isMonotone(id) {
			return id
		}
	}
	return uuid.New()
}

// isMonotone finds the UUIDs of one digit that careless firmware has.
func isMonotone(id uuid.UUID) bool {
	first := id[0]
	for _, b := range id {
		if b != first {
			return false
		}
	}
	return first>>4 == first&0xf
}
