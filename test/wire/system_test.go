package wire

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/wire/wiretest"
	"virtree.dev/test/peer"
)

const nobody = 65534

// asNobody connects as another user than root: the kernel tells of the thread's.
func asNobody(s *script) {
	s.T.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const keep = ^uintptr(0)
	if _, _, e := syscall.RawSyscall(syscall.SYS_SETRESUID, keep, nobody, keep); e != 0 {
		s.T.Fatal(e)
	}
	defer func() { _, _, _ = syscall.RawSyscall(syscall.SYS_SETRESUID, keep, 0, keep) }()
	s.Client = wiretest.Dial(s.T, s.path)
}

// looking is what a socket that only looks answers.
var looking = []exchange{
	{name: "open", run: func(s *script) {
		s.call(remote.ProcAuthList, nil)
		s.open()
		s.call(remote.ProcConnectGetType, nil)
		s.call(remote.ProcConnectGetURI, nil)
		s.alive()
	}},
	{name: "change something", run: func(s *script) {
		s.open()
		s.call(remote.ProcDomainDestroy, &remote.DomainDestroyArgs{Dom: nobodysDomain})
		s.call(remote.ProcDomainDefineXML, &remote.DomainDefineXMLArgs{XML: "<domain/>"})
		s.call(remote.ProcDomainGetXMLDesc, &remote.DomainGetXMLDescArgs{Dom: nobodysDomain, Flags: 1})
		s.call(remote.ProcDomainGetXMLDesc, &remote.DomainGetXMLDescArgs{Dom: nobodysDomain})
		s.alive()
	}},
	{name: "change something before open", run: func(s *script) {
		s.call(remote.ProcDomainDestroy, &remote.DomainDestroyArgs{Dom: nobodysDomain})
		s.alive()
	}},
	{name: "open as nobody", run: func(s *script) {
		asNobody(s)
		s.call(remote.ProcAuthList, nil)
		s.open()
		s.call(remote.ProcConnectGetType, nil)
		s.alive()
	}},
	{name: "the other mode's URI, as root", run: opening("qemu:///session", 0)},
}

func TestReadOnlySocket(t *testing.T) {
	compare(t, place{
		golden:  "looking.golden",
		options: peer.Options{System: true, Conf: "auth_unix_ro = \"none\"\nauth_unix_rw = \"none\""},
		socket:  (*peer.Daemon).ReadOnlySocket,
		prepare: openToAll,
	}, looking)
}

// openToAll lets any user reach the sockets.
func openToAll(t *testing.T, d *peer.Daemon) {
	t.Helper()
	if err := os.Chmod(d.Base, 0o755); err != nil {
		t.Fatal(err)
	}
}

// strangers are clients of a socket that asks who they are.
var strangers = []exchange{
	{name: "a call before authentication", run: func(s *script) {
		s.call(remote.ProcConnectOpen, &remote.ConnectOpenArgs{Name: ptr("")})
		s.call(remote.ProcConnectSupportsFeature, &remote.ConnectSupportsFeatureArgs{Feature: 10})
		s.call(remote.ProcConnectClose, nil)
		s.Send(s.Header(4711), nil)
		s.hear(1)
		s.Send(keepaliveHeader(1), nil)
		s.hear(1)
	}},
	{name: "garbage before authentication", run: func(s *script) {
		s.SendRaw(s.Header(remote.ProcDomainLookupByName), words(9))
		s.hear(1)
	}},
	{name: "root is let in when it asks", run: func(s *script) {
		s.call(remote.ProcAuthList, nil)
		s.open()
		s.call(remote.ProcConnectGetType, nil)
		s.call(remote.ProcAuthList, nil)
		s.alive()
	}},
	{name: "nobody is not", run: func(s *script) {
		asNobody(s)
		s.call(remote.ProcAuthList, nil)
		s.call(remote.ProcAuthList, nil)
		s.call(remote.ProcConnectOpen, &remote.ConnectOpenArgs{Name: ptr("")})
		s.call(remote.ProcAuthSASLInit, nil)
		s.call(remote.ProcAuthSASLStart, &remote.AuthSASLStartArgs{Mech: "PLAIN"})
		s.call(remote.ProcAuthSASLStep, &remote.AuthSASLStepArgs{})
		s.call(remote.ProcConnectGetType, nil)
	}},
}

func TestSocketThatAsksWhoIsThere(t *testing.T) {
	compare(t, place{
		golden:  "strangers.golden",
		options: peer.Options{System: true, Conf: "auth_unix_ro = \"none\"\nauth_unix_rw = \"polkit\""},
		socket:  (*peer.Daemon).Socket,
		prepare: openToAll,
	}, strangers)
}

// socketFiles describes the sockets of a daemon.
func socketFiles(t *testing.T, d *peer.Daemon, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(d.Path(dir), "libvirt-sock*"))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, n := range names {
		info, err := os.Lstat(n)
		if err != nil {
			t.Fatal(err)
		}
		st := info.Sys().(*syscall.Stat_t)
		lines = append(lines, fmt.Sprintf("%s %v %d:%d", filepath.Base(n), info.Mode(), st.Uid, st.Gid))
	}
	return lines
}

// The files of the sockets are libvirt's: names, modes, owners.
func TestSocketFiles(t *testing.T) {
	peer.NeedReal(t)
	group := "nogroup"
	if g, err := user.LookupGroup(group); err != nil {
		t.Skip(err)
	} else if _, err := strconv.Atoi(g.Gid); err != nil {
		t.Skip(err)
	}
	for name, o := range map[string]peer.Options{
		"session":             {},
		"session, own modes":  {Conf: "unix_sock_rw_perms = \"0770\""},
		"system":              {System: true},
		"system, no polkit":   {System: true, Conf: "auth_unix_rw = \"none\"\nauth_unix_ro = \"none\""},
		"system, own modes":   {System: true, Conf: "unix_sock_rw_perms = \"0750\"\nunix_sock_ro_perms = \"0700\"\nunix_sock_admin_perms = \"0711\""},
		"system with a group": {System: true, Conf: "unix_sock_group = \"" + group + "\""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := "run/libvirt"
			if o.System {
				dir = "sockets"
			}
			var daemons []*peer.Daemon
			for _, binary := range []string{peer.Real(), peer.Build(t)} {
				o.Binary = binary
				daemons = append(daemons, peer.Start(t, o))
			}
			var theirs, mine []string
			// The first socket may be connected before the others are there.
			for until := time.Now().Add(time.Minute); time.Now().Before(until); time.Sleep(10 * time.Millisecond) {
				theirs, mine = socketFiles(t, daemons[0], dir), socketFiles(t, daemons[1], dir)
				if len(theirs) > 0 && join(theirs) == join(mine) {
					return
				}
			}
			t.Error(difference(theirs, mine))
		})
	}
}
