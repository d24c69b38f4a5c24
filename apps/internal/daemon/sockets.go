package daemon

import (
	"fmt"
	"io/fs"
	"net"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/rpc"
	"virtree.dev/config/daemonconf"
	"virtree.dev/internal/account"
	"virtree.dev/internal/tlscert"
	"virtree.dev/systemd/activation"
)

// socket is one that the daemon serves.
type socket struct {
	name     string // in the tree
	unit     string // as systemd names it
	path     string // empty: this mode has none
	perms    string
	auth     daemonconf.Auth
	readOnly bool
	backlog  uint
	port     string // of a socket that is TCP
	wanted   bool   // open it where nobody handed it over; of those that are TCP
	tls      bool
	secure   *tlscert.Store // nil where it does not speak TLS
}

// listenerName is the name of a server's socket in the tree.
func listenerName(server string, readOnly bool) string {
	if readOnly {
		return server + ".ro"
	}
	return server + ".rw"
}

// listeners are those of each server.
type listeners struct{ main, admin []*rpc.Listener }

func (l *listeners) all() []*rpc.Listener { return append(slices.Clip(l.main), l.admin...) }

func (l *listeners) close() { closeAll(l.all()) }

// listener names the listeners of a socket, of which systemd may have opened several.
func (k socket) listener(i int) string {
	if i == 0 {
		return k.name
	}
	return k.name + "." + strconv.Itoa(i+1)
}

func (s *setup) wantedSockets() (main, admin []socket) {
	c, name := s.config, s.spec.Name
	main = []socket{{
		name: listenerName(name, false), unit: name + ".socket", path: s.sockets.RW,
		perms: c.UnixSockRWPerms, auth: c.AuthUnixRW, backlog: c.Server.MaxQueuedClients,
	}}
	if s.spec.ReadOnly {
		main = append(main, socket{
			name: listenerName(name, true), unit: name + "-ro.socket", path: s.sockets.RO,
			perms: c.UnixSockROPerms, auth: c.AuthUnixRO, readOnly: true, backlog: c.Server.MaxQueuedClients,
		})
	}
	if s.spec.Listen {
		main = append(main, s.ports()...)
	}
	admin = []socket{{
		name: listenerName(adminName, false), unit: name + "-admin.socket", path: s.sockets.Admin,
		perms: c.UnixSockAdminPerms, auth: daemonconf.AuthNone, backlog: c.Admin.MaxQueuedClients,
	}}
	return main, admin
}

// listen opens the daemon's sockets, or takes those that systemd or the former
// program opened.
func (s *setup) listen() (opened listeners, err error) {
	defer func() {
		if err != nil {
			opened.close()
			err = &startError{stageNetwork, err}
		}
	}()
	if s.box != nil {
		return opened, s.eachSocket(&opened, s.thaw)
	}
	handed := s.handed
	if err := s.checkListen(handed != nil); err != nil {
		return opened, err
	}
	group := 0
	if handed == nil { // who has systemd's sockets has its groups and modes
		if group, err = s.socketRights(); err != nil {
			return opened, err
		}
	} else {
		s.tellOverruled()
	}
	// Nobody connects between the making of a socket and its mode.
	defer syscall.Umask(syscall.Umask(0o077))
	err = s.eachSocket(&opened, func(k socket) ([]*rpc.Listener, error) {
		list, err := s.open(k, handed, group)
		if err != nil || len(list) == 0 {
			return list, err
		}
		if k.secure, err = s.certificates(k); err != nil {
			return list, err
		}
		return list, k.prepare(list)
	})
	if err != nil {
		return opened, err
	}
	return opened, handed.Unclaimed()
}

// socketRights is the group of the sockets; the modes are looked at before any is made.
func (s *setup) socketRights() (group int, err error) {
	if group, err = groupID(s.config.UnixSockGroup); err != nil {
		return 0, err
	}
	for _, perms := range []string{s.config.UnixSockROPerms, s.config.UnixSockAdminPerms, s.config.UnixSockRWPerms} {
		if _, err := parseMode(perms); err != nil {
			return 0, err
		}
	}
	return group, nil
}

// eachSocket opens the sockets of both servers, in order.
func (s *setup) eachSocket(to *listeners, open func(k socket) ([]*rpc.Listener, error)) error {
	main, admin := s.wantedSockets()
	for _, part := range []struct {
		sockets []socket
		to      *[]*rpc.Listener
	}{{main, &to.main}, {admin, &to.admin}} {
		for _, k := range part.sockets {
			list, err := open(k)
			*part.to = append(*part.to, list...)
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// thaw takes over a socket of the former program. What a daemon of libvirt's
// lacked is opened now; what one of ours lacked is not, for systemd may hold the name.
func (s *setup) thaw(k socket) (taken []*rpc.Listener, err error) {
	for i := 0; ; i++ {
		f := s.box.Take(k.listener(i))
		if f == nil && i == 0 && s.foreign {
			return s.open(k, nil, 0)
		}
		if f == nil {
			return taken, nil
		}
		l, err := rpc.ThawListener(k.listener(i), f)
		if err != nil {
			return taken, err
		}
		if k.secure, err = s.certificates(k); err != nil {
			s.logger.Error("nobody is served by TLS any more: " + err.Error())
			l.Close()
			continue
		}
		if k.secure != nil {
			l.Secure(k.secure)
		}
		taken = append(taken, l)
		if err := s.kept.carried(l); err != nil {
			return taken, err
		}
	}
}

// parseMode reads an octal mode.
func parseMode(text string) (fs.FileMode, error) {
	mode, err := strconv.ParseInt(text, 8, 32)
	if err != nil {
		return 0, fmt.Errorf("Failed to parse mode '%s'", text)
	}
	return fs.FileMode(mode) & fs.ModePerm, nil
}

// demanded are the ways to authenticate as a configuration names them.
var demanded = map[daemonconf.Auth]dispatch.Auth{
	daemonconf.AuthNone: dispatch.AuthNone, daemonconf.AuthSASL: dispatch.AuthSASL, daemonconf.AuthPolkit: dispatch.AuthPolkit,
}

// prepare gives the listeners what is no matter of how they were opened.
func (k socket) prepare(list []*rpc.Listener) error {
	for _, l := range list {
		l.Guard(demanded[k.auth])
		if k.secure != nil {
			l.Secure(k.secure)
		}
		if err := l.SetBacklog(int(k.backlog)); err != nil {
			return fmt.Errorf("listen on socket '%s': %w", k.name, err)
		}
	}
	return nil
}

func (s *setup) open(k socket, handed *activation.Sockets, group int) ([]*rpc.Listener, error) {
	switch {
	case handed != nil:
		return adopt(k, handed)
	case k.port != "" && k.wanted:
		return s.openPort(k)
	case k.path == "":
		return nil, nil
	}
	mode, err := parseMode(k.perms)
	if err != nil {
		return nil, err
	}
	var l *rpc.Listener
	if f := s.kept.regain(k.name, k.path); f != nil {
		l, err = rpc.Regain(k.name, f, k.path, mode, group, k.readOnly)
	} else {
		l, err = rpc.Listen(k.name, k.path, mode, group, k.readOnly)
	}
	if err != nil {
		return nil, err
	}
	return []*rpc.Listener{l}, s.kept.listens(l)
}

// isAt says whether an address is that of the socket, for those that came without a name.
func (k socket) isAt(a net.Addr) bool {
	switch a := a.(type) {
	case *net.UnixAddr:
		return k.path != "" && a.Name == k.path
	case *net.TCPAddr:
		port, err := net.LookupPort("tcp", k.port)
		return k.port != "" && err == nil && a.Port == port
	}
	return false
}

// adopt takes what systemd opened under the name of the unit; none is no error.
func adopt(k socket, handed *activation.Sockets) ([]*rpc.Listener, error) {
	list, err := handed.Listeners(k.unit, k.isAt)
	if err != nil {
		return nil, err
	}
	var adopted []*rpc.Listener
	for i, l := range list {
		want := "unix"
		if k.port != "" {
			want = "tcp"
		}
		if is := l.Addr().Network(); is != want {
			return adopted, fmt.Errorf("socket %s from systemd is a %s socket, not a %s one", k.unit, strings.ToUpper(is), strings.ToUpper(want))
		}
		a, err := rpc.Adopt(k.listener(i), l, k.readOnly)
		if err != nil {
			return adopted, err
		}
		adopted = append(adopted, a)
	}
	return adopted, nil
}

// groupID is the group of the sockets; no name is 0, which leaves a socket in the
// daemon's own group, as in libvirt.
func groupID(name string) (int, error) {
	if name == "" {
		return 0, nil
	}
	id, err := account.Group(name)
	if err != nil {
		return 0, fmt.Errorf("invalid argument: %w", err)
	}
	return int(id), nil
}

func closeAll(listeners []*rpc.Listener) {
	for _, l := range listeners {
		l.Close()
	}
}
