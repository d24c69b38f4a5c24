package admin

import (
	"bytes"
	"errors"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"virtree.dev/protocol/lockprog"
	"virtree.dev/protocol/logprog"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/wire/wiretest"
	"virtree.dev/test/peer"
)

func TestMain(m *testing.M) { peer.Main(m) }

// desk is a virt-admin at a daemon that has a client.
type desk struct {
	t      *testing.T
	daemon *peer.Daemon
	uri    string
	client *wiretest.Client
	id     string // of the client
}

func newDesk(t *testing.T, o peer.Options) *desk {
	t.Helper()
	if _, err := exec.LookPath("virt-admin"); err != nil {
		t.Skip("needs virt-admin (Debian: libvirt-clients)")
	}
	d := &desk{t: t, daemon: peer.Start(t, o)}
	mode := "session"
	if o.System {
		mode = "system"
	}
	d.uri = d.daemon.Name() + ":///" + mode + "?socket=" + d.daemon.AdminSocket()
	d.client = d.daemon.Dial(t, d.daemon.Socket())
	d.greet()
	// Those who looked whether the daemon is there came before, and may not be gone yet.
	for deadline := time.Now().Add(time.Minute); d.id == ""; time.Sleep(20 * time.Millisecond) {
		text, code := d.run("-q", "client-list", d.daemon.Name())
		if ids := clientIDs.FindAllStringSubmatch(text, -1); len(ids) == 1 {
			d.id = ids[0][1]
		}
		if time.Now().After(deadline) {
			t.Fatalf("client-list ended with %d:\n%s", code, text)
		}
	}
	return d
}

// greet makes a call: libvirt knows who a client is from then on.
func (d *desk) greet() {
	d.t.Helper()
	switch d.daemon.Name() {
	case "virtlogd":
		d.client.Program = &logprog.Program
		_ = d.client.Call(logprog.ProcDomainGetLogFilePosition, &logprog.DomainGetLogFilePositionArgs{Path: "/nonexistent/log"}, nil)
	case "virtlockd":
		d.client.Program = &lockprog.Program
		_ = d.client.Call(lockprog.ProcRegister, &lockprog.RegisterArgs{Flags: 1}, nil)
	default:
		_ = d.client.Call(remote.ProcAuthList, nil, nil)
		d.client.Open("")
	}
}

var clientIDs = regexp.MustCompile(`(?m)^ +([0-9]+) +(?:unix|tcp|tls) `)

// run runs virt-admin and gives what it prints and its exit code.
func (d *desk) run(args ...string) (text string, code int) {
	d.t.Helper()
	c := d.daemon.Command("virt-admin", append([]string{"-c", d.uri}, args...)...)
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		d.t.Fatalf("virt-admin %v: %v", args, err)
	}
	return out.String(), c.ProcessState.ExitCode()
}

// do runs a line of words, with names in the place of what differs from daemon to daemon.
func (d *desk) do(line string) (text string, code int) {
	d.t.Helper()
	line = strings.NewReplacer("$DAEMON", d.daemon.Name(), "$ID", d.id, "$BASE", d.daemon.Base).Replace(line)
	text, code = d.run(words(line)...)
	return d.plain(text), code
}

var word = regexp.MustCompile(`'([^']*)'|(\S+)`)

// words splits at blanks; single quotes keep a word together.
func words(line string) (list []string) {
	for _, m := range word.FindAllStringSubmatch(line, -1) {
		list = append(list, m[1]+m[2])
	}
	return list
}

var (
	stamps = regexp.MustCompile(`[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}\+0000`)
	blanks = regexp.MustCompile(` +`)
	dashes = regexp.MustCompile(`-{3,}`)
	nums   = regexp.MustCompile(`(?m)(process_id *: |^id *: |^ )[0-9]+\b`)
	ofID   = regexp.MustCompile(`(id '|ID ')` + `([0-9]+)`)
	daemon = regexp.MustCompile(`(Running against daemon: ).*`)
)

// plain takes out of a text what no two daemons can share.
func (d *desk) plain(text string) string {
	text = strings.ReplaceAll(text, d.daemon.AdminSocket(), "SOCKET")
	text = strings.ReplaceAll(text, d.daemon.Base, "BASE")
	text = strings.ReplaceAll(text, "'"+d.id+"'", "'ID'")
	for _, r := range []struct {
		re *regexp.Regexp
		to string
	}{{stamps, "STAMP"}, {blanks, " "}, {dashes, "---"}, {nums, "${1}N"}, {ofID, "${1}N"}, {daemon, "${1}VERSION"}} {
		text = r.re.ReplaceAllString(text, r.to)
	}
	return strings.ReplaceAll(text, strconv.Itoa(d.daemon.PID()), "PID")
}
