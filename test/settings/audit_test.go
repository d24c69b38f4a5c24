package settings

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"virtree.dev/internal/sys"
	"virtree.dev/test/peer"
)

// audited is a machine with something of most kinds.
const audited = `<domain type='qemu'><name>audited one</name><uuid>8c3a2b86-0d3f-4b8c-9a53-1a2b3c4d5e6f</uuid>
<memory unit='MiB'>32</memory><vcpu current='1'>2</vcpu><iothreads>1</iothreads>
<os><type arch='x86_64' machine='pc'>hvm</type></os><on_poweroff>destroy</on_poweroff>
<devices>
<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='DISK'/><target dev='vda' bus='virtio'/></disk>
<disk type='file' device='cdrom'><target dev='hdc' bus='ide'/></disk>
<interface type='user'><mac address='52:54:00:11:22:33'/></interface>
<interface type='ethernet'><mac address='52:54:00:11:22:34'/><model type='virtio'/></interface>
<serial type='file'><source path='SERIAL'/></serial>
<serial type='null'/>
<channel type='unix'><source mode='bind' path='CHANNEL'/><target type='virtio' name='org.test.0'/></channel>
<console type='pty'><target type='virtio'/></console>
<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
<memballoon model='none'/>
</devices></domain>`

// trail makes a daemon start a machine, fail to start it and lose it, and gives what was audited.
func trail(t *testing.T, binary, conf string) (log string, records []string, toKernel bool) {
	t.Helper()
	d := peer.Start(t, peer.Options{
		Binary: binary, System: true, QEMU: "stdio_handler = \"file\"\nuser = \"+0\"\ngroup = \"+0\"\nremember_owner = 0\nnamespaces = [ ]\ncgroup_controllers = [ ]\n",
		Conf: conf + "log_filters = \"1:conf.domain_audit\"\nlog_outputs = \"1:stderr\"\nauth_unix_rw = \"none\"\n",
	})
	disk := d.Path("files/disk")
	xml := strings.NewReplacer("DISK", disk, "SERIAL", d.Path("files/serial"), "CHANNEL", d.Path("files/channel")).Replace(audited)
	doc := d.Path("files/m.xml")
	if err := os.WriteFile(doc, []byte(xml), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(disk, make([]byte, 1<<20), 0o644); err != nil {
		t.Fatal(err)
	}
	uri := "qemu+unix:///system?socket=" + d.Socket()
	run(t, d, "virsh", "-c", uri, "define", doc)
	run(t, d, "virsh", "-c", uri, "start", "audited one")
	run(t, d, "virsh", "-c", uri, "destroy", "audited one")
	if err := os.Remove(disk); err != nil {
		t.Fatal(err)
	}
	if out, err := d.Command("virsh", "-c", uri, "start", "audited one").CombinedOutput(); err == nil {
		t.Errorf("it started without its disk: %s", out)
	}
	tells := tellsKernel(t, d)
	d.Stop(t)
	var lines []string
	for line := range strings.Lines(d.Log()) {
		if _, text, ok := strings.Cut(strings.TrimSpace(line), " : success="); ok && !strings.Contains(text, "resrc=cgroup") {
			text = strings.ReplaceAll("success="+text, d.Base, "$B")
			lines = append(lines, numbers.ReplaceAllString(text, "${1}N"))
		}
	}
	return d.Log(), lines, tells
}

// tellsKernel says whether a daemon has told the kernel's audit system anything: its socket
// has an address from then on.
func tellsKernel(t *testing.T, d *peer.Daemon) bool {
	t.Helper()
	list, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/netlink", d.PID()))
	if err != nil {
		t.Fatal(err)
	}
	const audit = "9"
	for line := range strings.Lines(string(list)) {
		f := strings.Fields(line)
		if len(f) > 2 && f[1] == audit && f[2] == strconv.Itoa(d.PID()) {
			return true
		}
	}
	return false
}

// numbers are what no two machines share.
var numbers = regexp.MustCompile(`(vm-pid=|/dev/pts/)[1-9]\d*`)

func needAudited(t *testing.T) {
	t.Helper()
	need(t, "virsh", "qemu-system-x86_64")
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		t.Skip("needs /dev/net/tun")
	}
}

var record = flag.Bool("record", false, "write the audit trail anew, after a look at the real one's")

// The records are those of libvirt: recorded from the real one, and compared with it where that is wanted.
func TestAuditTrail(t *testing.T) {
	needAudited(t)
	log, ours, told := trail(t, peer.Build(t), "audit_logging = 1\n")
	if socket, err := sys.OpenAudit(); err == nil {
		socket.Close()
		if !told {
			t.Error("the kernel has an audit system, and was told nothing")
		}
	}
	if *record {
		if err := os.WriteFile("testdata/trail.txt", []byte(strings.Join(ours, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/trail.txt")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(ours, "\n") + "\n"; got != string(want) {
		t.Errorf("got\n%s\nwant\n%s\nthe log\n%s", got, want, log)
	}
	if debian := peer.Real(); debian != "" {
		log, theirs, _ := trail(t, debian, "audit_logging = 1\n")
		if !slices.Equal(ours, theirs) {
			t.Errorf("ours\n%s\ntheirs\n%s\ntheir log\n%s", strings.Join(ours, "\n"), strings.Join(theirs, "\n"), log)
		}
	}
}

// Neither is wanted: nothing is told to anybody.
func TestNoAuditTrail(t *testing.T) {
	needAudited(t)
	if log, records, told := trail(t, peer.Build(t), "audit_level = 0\naudit_logging = 0\n"); records != nil || told {
		t.Errorf("the kernel was told: %v, the log:\n%s", told, log)
	}
}
