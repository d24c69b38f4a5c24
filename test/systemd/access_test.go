package systemd

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"virtree.dev/test/peer"
)

// oneMachine lets nobody, the user, come in, have the machine "mine" and look at "seen".
const oneMachine = `polkit.addRule(function (action, subject) {
  if (subject.user != "nobody") {
    return polkit.Result.NOT_HANDLED;
  }
  if (action.id == "org.libvirt.unix.manage") {
    return polkit.Result.YES;
  }
  if (action.id.indexOf("org.libvirt.api.domain.") == 0) {
    var mine = action.lookup("connect_driver") == "QEMU" && action.lookup("domain_name") == "mine" &&
      action.lookup("domain_uuid") == "6c0bd3e2-33a7-4d0b-9c0f-6c1a8f5d0001";
    if (action.lookup("domain_name") == "seen" && /[.](getattr|read)$/.test(action.id)) {
      return polkit.Result.YES;
    }
    return mine ? polkit.Result.YES : polkit.Result.NO;
  }
});
`

func document(name, number string) string {
	return `<domain type='qemu'><name>` + name + `</name><uuid>6c0bd3e2-33a7-4d0b-9c0f-6c1a8f5d000` + number + `</uuid><memory unit='MiB'>32</memory>
<os><type arch='x86_64' machine='pc'>hvm</type></os>
<devices><controller type='usb' model='none'/><memballoon model='none'/></devices></domain>
`
}

// asked is what nobody, the user, tries. The daemons are asked alike.
var asked = []string{
	"list --all --name", "list --inactive", "domstate mine", "dominfo mine", "dominfo theirs", "domstate theirs",
	"dominfo 6c0bd3e2-33a7-4d0b-9c0f-6c1a8f5d0002", "start theirs", "dumpxml theirs", "undefine theirs", "domuuid mine",
	"define /etc/mine.xml", "define /etc/theirs.xml", "create /etc/third.xml", "desc mine --config hello", "desc mine",
	"start seen", "destroy seen", "domstate seen", "dumpxml seen --security-info", "reboot seen", "undefine seen", "desc seen --config x",
	"setmem seen 16M --config", "setmem seen 16M", "autostart seen", "domrename seen other", "define /etc/seen.xml",
	"dommemstat seen", "domiflist seen", "qemu-monitor-command seen info", "setmem mine 16M --config", "domstats --state mine seen", "dominfo no-such", "start no-such",
	"-r list --all --name", "-r dominfo theirs", "-r dominfo mine", "-r start mine", "undefine mine", "list --all --name",
}

func TestPolkitDecidesOnEveryCall(t *testing.T) {
	if _, err := exec.LookPath("qemu-system-x86_64"); err != nil {
		t.Skip("needs qemu-system-x86_64 (Debian: qemu-system-x86)")
	}
	files := map[string]string{
		"/etc/polkit-1/rules.d/10-test.rules": oneMachine,
		"/etc/libvirt/libvirtd.conf":          "access_drivers = [ \"polkit\" ]\n",
		"/etc/mine.xml":                       document("mine", "1"),
		"/etc/theirs.xml":                     document("theirs", "2"),
		"/etc/third.xml":                      document("third", "3"),
		"/etc/seen.xml":                       document("seen", "4"),
	}
	program := realDaemon()
	if program != "" {
		files["/usr/sbin/libvirtd-real"] = program
	}
	h := Boot(t, files)
	if _, err := h.Try("systemctl", "start", "polkit.service"); err != nil {
		t.Skip("needs polkitd and a system bus (Debian: polkitd, dbus)")
	}
	h.Run(t, "sh", "-c", "systemctl stop libvirtd.service libvirtd.socket libvirtd-ro.socket libvirtd-admin.socket")
	ours := accessRound(t, h, "/usr/sbin/libvirtd")
	for _, want := range []string{
		"$ list --all --name\nmine\nseen\n", "$ dominfo theirs\nerror: failed to get domain 'theirs'\n",
		"$ start seen\nerror: Failed to start domain 'seen'\nerror: access denied: 'QEMU' denied access",
		"$ define /etc/theirs.xml\nerror: Failed to define domain from /etc/theirs.xml\nerror: access denied: 'QEMU' denied access",
		"event 'lifecycle' for domain 'mine'",
	} {
		if !strings.Contains(ours, want) {
			t.Errorf("%q is missing in\n%s", want, ours)
		}
	}
	if strings.Contains(ours, "for domain 'theirs'") {
		t.Errorf("an event of a domain that the client may not know of:\n%s", ours)
	}
	if program == "" {
		t.Log("not compared: Debian's libvirtd is not here (libvirt-daemon-system)")
		return
	}
	if theirs := accessRound(t, h, "/usr/sbin/libvirtd-real"); theirs != ours {
		t.Errorf("the real daemon says\n%s\nours says\n%s", theirs, ours)
	}
}

// realDaemon is the program of Debian's libvirtd, empty where there is none.
func realDaemon() string {
	text, err := os.ReadFile(peer.Real())
	if err != nil {
		return ""
	}
	return string(text)
}

// accessRound runs a daemon and gives what nobody, the user, sees of it.
func accessRound(t *testing.T, h *Host, daemon string) string {
	t.Helper()
	h.Run(t, daemon, "-d")
	defer func() {
		h.Run(t, "sh", "-c", "pid=$(cat /run/libvirtd.pid); kill $pid; while kill -0 $pid 2>/dev/null; do sleep 0.1; done")
	}()
	root := func(args ...string) {
		t.Helper()
		h.Run(t, append([]string{"virsh", "-q", "-c", "qemu:///system"}, args...)...)
	}
	root("define", "/etc/mine.xml")
	root("define", "/etc/theirs.xml")
	root("define", "/etc/seen.xml")
	var book strings.Builder
	nobody := func(args string) string {
		command := "exec setpriv --reuid=nobody --regid=nogroup --clear-groups virsh -q -c qemu:///system " + args + " 2>&1"
		out, _ := h.Try("sh", "-c", command)
		return out
	}
	for _, args := range asked {
		book.WriteString("$ " + args + "\n" + nobody(args))
	}
	root("define", "/etc/mine.xml")
	book.WriteString("$ start mine\n" + nobody("start mine") + nobody("domstate mine") + nobody("domstats --state --list-active") + nobody("destroy mine"))
	book.WriteString("$ event\n" + accessEvents(h, root, nobody))
	return variable.ReplaceAllString(book.String(), "N")
}

// variable is what differs from run to run.
var variable = regexp.MustCompile(`[0-9]+\.[0-9]+s`)

// accessEvents lets root do something while nobody listens.
func accessEvents(h *Host, root func(...string), nobody func(string) string) string {
	heard := make(chan string, 1)
	go func() { heard <- nobody("event --event lifecycle --loop --timeout 5") }()
	time.Sleep(2 * time.Second)
	for range 3 {
		root("define", "/etc/theirs.xml")
		root("define", "/etc/mine.xml")
	}
	return <-heard
}
