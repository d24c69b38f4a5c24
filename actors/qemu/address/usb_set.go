package address

import (
	"strconv"
	"strings"

	"virtree.dev/protocol/virerr"
)

// Limits of a guest's USB tree.
const (
	usbDepth    = 4 // ports on the way to a device
	usbHubPorts = 8
)

// usbHub is a controller or a hub with what hangs off its ports.
type usbHub struct {
	taken []bool
	hubs  []*usbHub
}

func newUSBHub(ports int) *usbHub {
	return &usbHub{taken: make([]bool, ports), hubs: make([]*usbHub, ports)}
}

// usbSet has a root hub for each bus, nil where there is no controller.
type usbSet struct{ buses []*usbHub }

// usbPath is the way to a port, counted from one, such as 2.1.
type usbPath []int

func (p usbPath) String() string {
	words := make([]string, len(p))
	for i, n := range p {
		words[i] = strconv.Itoa(n)
	}
	return strings.Join(words, ".")
}

func usbError(format string, args ...any) error {
	return virerr.New(virerr.FromDomain, virerr.XMLError, format, args...)
}

func (s *usbSet) addBus(index, ports int) error {
	for len(s.buses) <= index {
		s.buses = append(s.buses, nil)
	}
	if s.buses[index] != nil {
		return usbError("Duplicate USB controllers with index %d", index)
	}
	s.buses[index] = newUSBHub(ports)
	return nil
}

// find gives the hub and the port of it, from zero, that a path ends at.
func (s *usbSet) find(bus int, path usbPath) (*usbHub, int, error) {
	if bus >= len(s.buses) || s.buses[bus] == nil {
		return nil, 0, usbError("Missing USB bus %d", bus)
	}
	hub := s.buses[bus]
	for _, port := range path[:len(path)-1] {
		if port > len(hub.hubs) {
			return nil, 0, usbError("port %d out of range in USB address bus: %d port: %s", port, bus, path)
		}
		hub = hub.hubs[port-1]
		if hub == nil {
			return nil, 0, usbError("there is no hub at port %d in USB address bus: %d port: %s", port, bus, path)
		}
	}
	last := path[len(path)-1]
	if last > len(hub.taken) {
		return nil, 0, usbError("requested USB port %s not present on USB bus %d", path, bus)
	}
	return hub, last - 1, nil
}

func (s *usbSet) addHub(bus int, path usbPath) error {
	hub, port, err := s.find(bus, path)
	if err != nil {
		return err
	}
	if hub.hubs[port] != nil {
		return usbError("Duplicate USB hub on bus %d port %s", bus, path)
	}
	hub.taken[port] = true
	hub.hubs[port] = newUSBHub(usbHubPorts)
	return nil
}

func (s *usbSet) reserve(bus int, path usbPath) error {
	hub, port, err := s.find(bus, path)
	if err != nil {
		return err
	}
	if hub.taken[port] {
		return usbError("Duplicate USB address bus %d port %s", bus, path)
	}
	hub.taken[port] = true
	return nil
}

// freePort looks on the hub first, then on the hubs below it.
func (h *usbHub) freePort(depth int) usbPath {
	for i, taken := range h.taken {
		if !taken {
			return usbPath{i + 1}
		}
	}
	if depth >= usbDepth {
		return nil
	}
	for i, hub := range h.hubs {
		if hub == nil {
			continue
		}
		if below := hub.freePort(depth + 1); below != nil {
			return append(usbPath{i + 1}, below...)
		}
	}
	return nil
}

// assign takes a free port of one bus, or of any where bus is negative.
func (s *usbSet) assign(bus int) (int, usbPath, error) {
	if bus >= 0 && (bus >= len(s.buses) || s.buses[bus] == nil) {
		return 0, nil, usbError("USB bus %d requested but no controller with that index is present", bus)
	}
	for i, root := range s.buses {
		if root == nil || bus >= 0 && i != bus {
			continue
		}
		if path := root.freePort(1); path != nil {
			return i, path, s.reserve(i, path)
		}
	}
	return 0, nil, virerr.New(virerr.FromDomain, virerr.InternalError, "No free USB ports")
}
