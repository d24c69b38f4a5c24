package address

import (
	"slices"

	"virtree.dev/protocol/virerr"
)

// defaultSerialPorts is what a virtio-serial controller has when it does not say.
const defaultSerialPorts = 31

// serialSet has the ports in use of each virtio-serial controller, by index.
type serialSet struct {
	order []int
	ports map[int][]bool
}

func (s *serialSet) add(index, ports int) error {
	if _, twice := s.ports[index]; twice {
		return virerr.New(virerr.FromDomain, virerr.XMLError, "virtio serial controller with index %d already exists in the address set", index)
	}
	if s.ports == nil {
		s.ports = map[int][]bool{}
	}
	s.ports[index] = make([]bool, ports)
	s.order = append(s.order, index)
	slices.Sort(s.order)
	return nil
}

func (s *serialSet) reserve(index, port int) error {
	ports, ok := s.ports[index]
	switch {
	case !ok:
		return virerr.New(virerr.FromDomain, virerr.XMLError, "virtio serial controller %d is missing", index)
	case port >= len(ports):
		return virerr.New(virerr.FromDomain, virerr.XMLError, "virtio serial controller %d does not have port %d", index, port)
	case ports[port]:
		return virerr.New(virerr.FromDomain, virerr.XMLError, "virtio serial port %d on controller %d is already occupied", port, index)
	}
	ports[port] = true
	return nil
}

// on finds a free port, from one, of a controller that the document named.
func (s *serialSet) on(index int) (int, error) {
	ports, ok := s.ports[index]
	if !ok {
		return 0, virerr.New(virerr.FromDomain, virerr.InternalError, "virtio-serial controller %d not available", index)
	}
	if port := freeFrom(ports, 1); port > 0 {
		return port, nil
	}
	return 0, virerr.New(virerr.FromDomain, virerr.XMLError, "Unable to find a free port on virtio-serial controller %d", index)
}

// next finds a free port of any controller; port 0 is for consoles only.
func (s *serialSet) next(zero bool) (index, port int, ok bool) {
	from := 1
	if zero {
		from = 0
	}
	for _, i := range s.order {
		if p := freeFrom(s.ports[i], from); p >= 0 {
			return i, p, true
		}
	}
	return 0, from, false
}

func freeFrom(ports []bool, from int) int {
	for p := from; p < len(ports); p++ {
		if !ports[p] {
			return p
		}
	}
	return -1
}
