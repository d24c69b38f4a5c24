package daemon

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"

	"virtree.dev/actors/rpc"
	"virtree.dev/internal/sys"
)

// ports are the sockets for clients of other hosts.
func (s *setup) ports() []socket {
	c, name := s.config, s.spec.Name
	return []socket{
		{
			name: name + ".tcp", unit: name + "-tcp.socket", port: c.TCPPort, wanted: s.options.listen && c.ListenTCP,
			auth: c.AuthTCP, backlog: c.Server.MaxQueuedClients,
		},
		{
			name: name + ".tls", unit: name + "-tls.socket", port: c.TLSPort, wanted: s.options.listen && c.ListenTLS,
			auth: c.AuthTLS, backlog: c.Server.MaxQueuedClients, tls: true,
		},
	}
}

// openPort listens on a port of every address that listen_addr stands for. One
// that another has taken, or that the host lacks, is no error where another is left.
func (s *setup) openPort(k socket) (opened []*rpc.Listener, err error) {
	addresses, err := s.addresses(k.port)
	if err != nil {
		return nil, err
	}
	var lost error
	for _, at := range addresses {
		l, err := rpc.ListenTCP(k.listener(len(opened)), at)
		switch {
		case err == nil:
			opened = append(opened, l)
		case errors.Is(err, syscall.EAFNOSUPPORT):
		case errors.Is(err, syscall.EADDRINUSE), errors.Is(err, syscall.EADDRNOTAVAIL):
			lost = err
		default:
			return opened, err
		}
	}
	if len(opened) == 0 && lost != nil {
		return nil, fmt.Errorf("%w (port %s of %s)", lost, k.port, s.listenAddress())
	}
	return opened, nil
}

func (s *setup) listenAddress() string {
	if s.config.ListenAddr == "" {
		return "all addresses"
	}
	return s.config.ListenAddr
}

// addresses are those to listen on; without listen_addr all of IPv4 and of IPv6.
func (s *setup) addresses(service string) ([]netip.AddrPort, error) {
	host := s.config.ListenAddr
	fail := func(err error) ([]netip.AddrPort, error) {
		return nil, fmt.Errorf("Unable to resolve address '%s' service '%s': %w", host, service, sys.Errno(err))
	}
	port, err := net.LookupPort("tcp", service)
	if err != nil {
		return fail(err)
	}
	all := []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()}
	if host != "" {
		if all, err = net.DefaultResolver.LookupNetIP(context.Background(), "ip", host); err != nil {
			return fail(err)
		}
	}
	list := make([]netip.AddrPort, len(all))
	for i, a := range all {
		list[i] = netip.AddrPortFrom(a.Unmap(), uint16(port))
	}
	return list, nil
}
