package system

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"virtree.dev/internal/sys"
	"virtree.dev/test/peer"
)

// document is a machine with some files; what begins with /mnt belongs to 7:8 before.
func document(name, rest string) string {
	return fmt.Sprintf(`<domain type='qemu'><name>%s</name><memory unit='MiB'>16</memory>
<os><type arch='x86_64' machine='pc'>hvm</type></os>
<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>
<disk type='file'><driver name='qemu' type='raw'/><source file='/mnt/%[1]s.img'/><target dev='vda'/></disk>
<disk type='file' device='cdrom'><driver name='qemu' type='raw'/><source file='/mnt/%[1]s.iso'/><target dev='sda' bus='ide'/><readonly/></disk>
<serial type='file'><source path='/mnt/%[1]s.log'/></serial>
<video><model type='none'/></video><memballoon model='none'/>
</devices>%s</domain>`, name, rest)
}

// define makes a domain and its files.
func (r *room) define(name, rest string) {
	r.t.Helper()
	for _, ending := range []string{".img", ".iso"} {
		path := "/mnt/" + name + ending
		r.write(path, strings.Repeat("\x00", 4096))
		if err := os.Chown(r.path(path), 7, 8); err != nil {
			r.t.Fatal(err)
		}
	}
	r.write("/mnt/"+name+".xml", document(name, rest))
	r.must("define", "/mnt/"+name+".xml")
}

// identity is whose a process is, and of which groups.
func identity(t *testing.T, pid int) string {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		switch name {
		case "Uid", "Gid", "Groups", "CapEff", "CapPrm", "CapInh":
			out = append(out, name+" "+strings.Join(strings.Fields(value), " "))
		}
	}
	return strings.Join(out, "; ")
}

const unprivileged = "Uid 64711 64711 64711 64711; Gid 64712 64712 64712 64712; Groups 64712; " +
	"CapInh 0000000000000000; CapPrm 0000000000000000; CapEff 0000000000000000"

var labels = regexp.MustCompile(`(?s)<seclabel.*</seclabel>`)

const live = `<seclabel type='dynamic' model='dac' relabel='yes'>
    <label>+64711:+64712</label>
    <imagelabel>+64711:+64712</imagelabel>
  </seclabel>`

// remembered is what a file says of its former owner, without the time.
func (r *room) remembered(name string) string {
	r.t.Helper()
	var out []string
	for _, attr := range []string{"dac", "ref_dac"} {
		v, err := sys.Xattr(r.path(name), "trusted.libvirt.security."+attr)
		if err != nil {
			r.t.Skipf("needs a temporary file system with attributes: %v", err)
		}
		out = append(out, v)
	}
	return strings.Join(out, " ")
}

// whileRunning looks at a machine that runs, afterwards at what it left.
func (r *room) whileRunning(name string) {
	r.t.Helper()
	if got := identity(r.t, r.machine(name)); got != unprivileged {
		r.t.Errorf("the machine is %s", got)
	}
	r.owners(map[string]string{
		"/mnt/" + name + ".img": "64711:64712", "/mnt/" + name + ".iso": "64711:64712", "/mnt/" + name + ".log": "64711:64712",
	})
	if got := r.remembered("/mnt/" + name + ".img"); got != "+7:+8 1" {
		r.t.Errorf("remembered of the disk: %q", got)
	}
	if got := labels.FindString(r.virsh("dumpxml", name)); got != live {
		r.t.Errorf("labels:\n%s", got)
	}
}

func (r *room) afterwards(name string) {
	r.t.Helper()
	r.owners(map[string]string{"/mnt/" + name + ".img": "7:8", "/mnt/" + name + ".iso": "64711:64712", "/mnt/" + name + ".log": "0:0"})
	if got := r.remembered("/mnt/" + name + ".img"); got != " " {
		r.t.Errorf("remembered of the disk: %q", got)
	}
	if got := labels.FindString(r.virsh("dumpxml", name)); got != "" {
		r.t.Errorf("labels of what does not run:\n%s", got)
	}
}

func TestAMachineIsSomebody(t *testing.T) {
	r := newRoom(t)
	r.start(peer.Build(t))
	r.define("web", "")
	for range 2 {
		r.must("start", "web")
		r.whileRunning("web")
		r.owners(map[string]string{
			"/var/lib/libvirt/qemu": "64711:64712", "/var/lib/libvirt/qemu/nvram": "64711:64712", "/run/libvirt/qemu/channel": "64711:64712",
			"/run/libvirt/qemu": "0:0", "/var/log/libvirt/qemu": "0:0",
		})
		r.must("destroy", "web")
		r.afterwards("web")
	}
	if got := r.virsh("capabilities"); !strings.Contains(got, "<model>dac</model>\n      <doi>0</doi>\n      <baselabel type='kvm'>+64711:+64712</baselabel>") {
		t.Errorf("capabilities without the label")
	}
	if got := r.virsh("dominfo", "web"); !strings.Contains(got, "Security model: none\nSecurity DOI:   0") {
		t.Errorf("dominfo: %s", got)
	}
}

func TestAStartThatFailsLeavesTheOwners(t *testing.T) {
	r := newRoom(t)
	r.start(peer.Build(t))
	r.define("web", "<seclabel type='static' model='dac' relabel='yes'><label>+1:+2</label></seclabel>")
	r.define("other", "")
	// A disk of somebody who uses it already is nobody else's.
	if err := os.Remove(r.path("/mnt/other.img")); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(r.path("/mnt/web.img"), r.path("/mnt/other.img")); err != nil {
		t.Fatal(err)
	}
	r.must("start", "web")
	got := r.virsh("start", "other")
	if want := "error: Requested operation is not valid: Setting different DAC user or group on /mnt/other.img which is already in use"; !strings.HasSuffix(got, want) {
		t.Errorf("start: %s", got)
	}
	r.owners(map[string]string{"/mnt/web.img": "1:2", "/mnt/other.iso": "7:8"})
	if got := r.remembered("/mnt/web.img"); got != "+7:+8 1" {
		t.Errorf("remembered of the disk: %q", got)
	}
	r.must("destroy", "web")
	r.owners(map[string]string{"/mnt/web.img": "7:8"})

	// QEMU itself refuses: everything was given away, and comes back.
	r.define("bad", "<qemu:commandline xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><qemu:arg value='-nonsense'/></qemu:commandline>")
	if got := r.virsh("start", "bad"); !strings.Contains(got, "-nonsense: invalid option") {
		t.Errorf("start: %s", got)
	}
	r.afterwards("bad")
}

// The owners of a machine's files come back also when it ends while no daemon is there.
func TestOwnersAfterADaemonsDeath(t *testing.T) {
	r := newRoom(t)
	r.start(peer.Build(t))
	r.define("web", "")
	r.must("start", "web")
	pid := r.machine("web")
	r.kill()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	r.start(peer.Build(t))
	if got := r.virsh("domstate", "web"); got != "shut off" {
		t.Errorf("state %s", got)
	}
	r.owners(map[string]string{"/mnt/web.img": "7:8"})
}
