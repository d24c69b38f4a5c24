package admin

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"virtree.dev/test/peer"
)

// lines is every subcommand of virt-admin, well used and badly.
var lines = []string{
	"uri",
	"version",
	"connect $URI",
	"srv-list",
	"server-list",
	"server-threadpool-info $DAEMON",
	"srv-threadpool-info admin",
	"server-threadpool-info nope",
	"server-threadpool-set $DAEMON --min-workers 3",
	"server-threadpool-set $DAEMON --max-workers 8",
	"server-threadpool-set $DAEMON --min-workers 9",
	"server-threadpool-set $DAEMON --min-workers 0 --max-workers 0",
	"server-threadpool-set $DAEMON --min-workers 6 --max-workers 7 --priority-workers 2",
	"server-threadpool-set $DAEMON --min-workers x",
	"server-threadpool-set $DAEMON --min-workers 4294967296",
	"server-threadpool-set $DAEMON",
	"server-threadpool-set nope --min-workers 1",
	"srv-threadpool-set admin --max-workers 30",
	"server-threadpool-info $DAEMON",
	"server-threadpool-info admin",
	"client-list $DAEMON",
	"srv-clients-list admin",
	"client-list nope",
	"client-info $DAEMON $ID",
	"client-info $DAEMON 4711",
	"client-info nope $ID",
	"server-clients-info $DAEMON",
	"srv-clients-info admin",
	"server-clients-info nope",
	"server-clients-set $DAEMON --max-clients 70 --max-unauth-clients 60",
	"server-clients-set $DAEMON --max-clients 59",
	"server-clients-set $DAEMON --max-unauth-clients 71",
	"srv-clients-set $DAEMON --max-unauth-clients 0",
	"server-clients-set $DAEMON",
	"server-clients-set nope --max-clients 5",
	"server-clients-info $DAEMON",
	"srv-clients-set admin --max-clients 9000",
	"server-clients-info admin",
	"server-update-tls $DAEMON",
	"srv-update-tls nope",
	"daemon-log-outputs",
	"daemon-log-outputs --outputs '1:file:$BASE/files/admin.log 4:stderr'",
	"daemon-log-outputs",
	"daemon-log-outputs --outputs 'nonsense'",
	"daemon-log-outputs --outputs '9:stderr'",
	"daemon-log-outputs --outputs '1:stderr:x'",
	"daemon-log-outputs --outputs '1:nowhere'",
	"daemon-log-outputs --outputs '1:file'",
	"daemon-log-outputs --outputs '4:stderr 1:file:/nonexistent/log'",
	"daemon-log-outputs --outputs '1:syslog:virt 3:stderr 2:stderr'",
	"daemon-log-outputs",
	"daemon-log-outputs --outputs ''",
	"daemon-log-filters",
	"daemon-log-filters --filters '1:rpc 3:util.*x 4:+json'",
	"daemon-log-filters",
	"daemon-log-filters --filters 'nonsense'",
	"daemon-log-filters --filters '5:x'",
	"daemon-log-filters --filters '1:+'",
	"daemon-log-filters",
	"daemon-log-filters --filters ''",
	"daemon-log-filters",
	"daemon-timeout --timeout 1000",
	"daemon-timeout --timeout 0",
	"daemon-timeout --timeout -1",
	"daemon-timeout",
	"client-disconnect $DAEMON 4711",
	"client-disconnect nope $ID",
	"client-disconnect $DAEMON $ID",
	"client-list $DAEMON",
	"server-clients-info $DAEMON",
	"nosuch",
	"help",
}

// TestBesideLibvirts asks libvirt's own daemons and ours the same.
func TestBesideLibvirts(t *testing.T) {
	for _, name := range []string{"libvirtd", "virtlogd", "virtlockd"} {
		for _, system := range []bool{false, true} {
			t.Run(name+map[bool]string{true: " system"}[system], func(t *testing.T) {
				debians := peer.RealOne(t, name)
				theirs := newDesk(t, peer.Options{Name: name, Binary: debians, System: system})
				mine := newDesk(t, peer.Options{Name: name, Binary: binary(t, name), System: system})
				for _, line := range lines {
					want, wantCode := theirs.do(strings.ReplaceAll(line, "$URI", theirs.uri))
					got, gotCode := mine.do(strings.ReplaceAll(line, "$URI", mine.uri))
					if strings.HasSuffix(line, "-list") { // libvirt's order is another one with every start
						want, got = sorted(want), sorted(got)
					}
					if want != got || wantCode != gotCode {
						t.Errorf("%s\n--- libvirt, ended with %d\n%s--- ours, ended with %d\n%s", line, wantCode, want, gotCode, got)
					}
				}
			})
		}
	}
}

func sorted(text string) string {
	lines := strings.Split(text, "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func binary(t *testing.T, name string) string {
	t.Helper()
	path := peer.Binary(t, name)
	if _, err := os.Stat(path); err != nil {
		t.Skip("there is no " + name + " of ours yet")
	}
	return path
}

// expected is what ours must print, by lines of their own: for hosts without libvirt's daemons.
var expected = []struct{ line, want string }{
	{"uri", `libvirtd:///`},
	{"version", `Running against daemon: VERSION`},
	{"srv-list", `(?s)N +admin.*N +libvirtd`},
	{"server-threadpool-info libvirtd", `(?s)minWorkers *: 5.*maxWorkers *: 20.*nWorkers *: 5.*freeWorkers *: 5.*prioWorkers *: 5.*jobQueueDepth *: 0`},
	{"server-threadpool-set libvirtd --min-workers 6 --max-workers 8 --priority-workers 1", `^\s*$`},
	{"server-threadpool-info libvirtd", `(?s)minWorkers *: 6.*maxWorkers *: 8.*nWorkers *: 6.*freeWorkers *: 6.*prioWorkers *: 1`},
	{"server-threadpool-set libvirtd --min-workers 9", `minWorkers cannot be larger than maxWorkers`},
	{"client-list libvirtd", `N unix STAMP`},
	{"client-info libvirtd $ID", `(?s)id *: N.*connection_time *: STAMP.*transport *: unix.*readonly *: no.*unix_user_id *: .*unix_process_id *: N`},
	{"server-clients-info libvirtd", `(?s)nclients_max *: 5000.*nclients *: 1.*nclients_unauth_max *: 20.*nclients_unauth *: [01]`},
	{"server-clients-set libvirtd --max-clients 70 --max-unauth-clients 60", `^\s*$`},
	{"server-clients-set libvirtd --max-clients 59", `waiting for authentication must not be less`},
	{"server-clients-info libvirtd", `(?s)nclients_max *: 70.*nclients_unauth_max *: 60`},
	{"daemon-log-outputs --outputs '1:file:$BASE/files/admin.log'", `^\s*$`},
	{"daemon-log-outputs", `Logging outputs: 1:file:BASE/files/admin.log`},
	{"server-update-tls libvirtd", `no tls service found, unable to update tls files`},
	{"daemon-log-filters --filters '1:rpc'", `^\s*$`},
	{"daemon-log-filters", `Logging filters: 1:\*rpc\*`},
	{"daemon-timeout --timeout 1000", `^\s*$`},
	{"client-disconnect libvirtd $ID", `Client 'ID' disconnected`},
}

func TestOurs(t *testing.T) {
	for _, system := range []bool{false, true} {
		t.Run(map[bool]string{false: "session", true: "system"}[system], func(t *testing.T) {
			d := newDesk(t, peer.Options{Binary: peer.Build(t), System: system})
			for _, x := range expected {
				got, _ := d.do(x.line)
				if !regexp.MustCompile(x.want).MatchString(got) {
					t.Errorf("%s\n%swant %s", x.line, got, x.want)
				}
			}
			if _, err := d.client.Conn.Read(make([]byte, 1)); err != io.EOF { //nolint:errorlint // as it comes
				t.Error("the disconnected client:", err)
			}
			if info, err := os.Stat(filepath.Join(d.daemon.Base, "files/admin.log")); err != nil || info.Size() == 0 {
				t.Error("nothing in the log that was asked for:", err)
			}
		})
	}
}
