package qemu

import (
	"net"
	"strconv"
	"sync"

	"virtree.dev/config/qemuconf"
)

// portPool gives out the ports of displays. A port is taken until it is released, so
// that two machines that start at once do not get the same.
type portPool struct {
	mu    sync.Mutex
	taken map[int]bool

	displays, websockets qemuconf.Ports
}

func newPortPool(c *qemuconf.Config) *portPool {
	return &portPool{taken: map[int]bool{}, displays: c.DisplayPorts, websockets: c.WebsocketPorts}
}

// acquire takes a port of a range that nobody on the host listens on.
func (p *portPool) acquire(in qemuconf.Ports, kind string) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for port := int(in.Min); port <= int(in.Max); port++ {
		if !p.taken[port] && portFree(port) {
			p.taken[port] = true
			return port, nil
		}
	}
	return 0, errInternal("Unable to find an unused port in range '%s' (%d-%d)", kind, in.Min, in.Max)
}

// adopt notes a port that a machine has already.
func (p *portPool) adopt(port int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if port > 0 {
		p.taken[port] = true
	}
}

func (p *portPool) release(port int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.taken, port)
}

// portFree says whether a port can be listened on, at all addresses of both families.
func portFree(port int) bool {
	for _, network := range []string{"tcp4", "tcp6"} {
		l, err := net.Listen(network, ":"+strconv.Itoa(port))
		if err != nil {
			if network == "tcp6" && !hasIPv6() {
				continue
			}
			return false
		}
		l.Close()
	}
	return true
}

// hasIPv6 says whether the host can listen by IPv6 at all.
func hasIPv6() bool {
	l, err := net.Listen("tcp6", "[::]:0")
	if err != nil {
		return false
	}
	l.Close()
	return true
}

// lowest is the port that a display of a kind would get on an idle host.
func (p *portPool) lowest() int { return int(p.displays.Min) }
