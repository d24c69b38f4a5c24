package security

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"virtree.dev/config/qemuconf"
	"virtree.dev/internal/ownership"
	"virtree.dev/protocol/xml/domain"
)

// policy is that of a system daemon with machines of a user, after some changes.
func policy(t *testing.T, change func(*qemuconf.Security)) *Policy {
	t.Helper()
	c := qemuconf.New(true)
	c.Security.User, c.Security.Group = "+4711", "+4712"
	if change != nil {
		change(&c.Security)
	}
	p, _, err := New(c, true)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// parsed is a document with these devices and whatever stands behind them.
func parsed(t *testing.T, devices, rest string) *domain.Domain {
	t.Helper()
	d, err := domain.Parse([]byte(`<domain type='qemu'><name>web</name><memory>1024</memory>
<os><type arch='x86_64' machine='pc'>hvm</type><kernel>/boot/kernel</kernel></os>
<devices>`+devices+`</devices>`+rest+`</domain>`), domain.ParseOptions{Inactive: true})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// host has some files, and one PCI device in a group.
type host []string

func (h host) Exists(path string) bool { return slices.Contains(h, path) }

func (h host) PCINode(a domain.PCIAddress) (string, bool) { return "/dev/vfio/7", a.Bus == 1 }

func (h host) SCSINode(domain.HostSCSI) (string, bool) { return "/dev/sg0", true }

func (h host) MediatedNode(string) (string, bool) { return "", false }

func lines(files []ownership.File) string {
	var out []string
	for _, f := range files {
		line := f.Path + " " + f.To.String()
		if f.Remember {
			line += " remembered"
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

const everything = `
<disk type='file'><driver type='qcow2'/><source file='/top'/>
  <backingStore type='file'><format type='qcow2'/><source file='/base'/><backingStore/></backingStore><target dev='vda'/></disk>
<disk type='block'><source dev='/dev/shared'/><target dev='vdb'/><shareable/></disk>
<disk type='file' device='cdrom'><source file='/iso'/><target dev='sda' bus='sata'/><readonly/></disk>
<disk type='file'><source file='/mine'><seclabel model='dac' relabel='yes'><label>+1:+2</label></seclabel></source><target dev='vdc'/></disk>
<disk type='file'><source file='/alone'><seclabel model='dac' relabel='no'/></source><target dev='vdd'/></disk>
<disk type='network'><source protocol='nbd' name='n'><host name='h'/></source><target dev='vde'/></disk>
<disk type='file' device='cdrom'><target dev='sdb' bus='sata'/><readonly/></disk>
<serial type='file'><source path='/log'/></serial>
<serial type='dev'><source path='/dev/ttyS0'/></serial>
<channel type='unix'><source mode='bind' path='/there'/><target type='virtio' name='a'/></channel>
<channel type='unix'><source mode='bind' path='/not-there'/><target type='virtio' name='b'/></channel>
<channel type='unix'><source mode='connect' path='/connected'/><target type='virtio' name='c'/></channel>
<channel type='pipe'><source path='/fifo'/><target type='virtio' name='d'/></channel>
<tpm model='tpm-tis'><backend type='passthrough'><device path='/dev/tpm0'/></backend></tpm>
<input type='evdev'><source dev='/dev/input/event1'/></input>
<hostdev mode='subsystem' type='usb'><source><address bus='1' device='12'/></source></hostdev>
<hostdev mode='subsystem' type='pci'><source><address bus='1' slot='0' function='0'/></source></hostdev>
<hostdev mode='subsystem' type='pci'><source><address bus='2' slot='0' function='0'/></source></hostdev>`

func TestFilesOfAMachine(t *testing.T) {
	p := policy(t, nil)
	d := parsed(t, everything, "")
	if err := p.Generate(d); err != nil {
		t.Fatal(err)
	}
	f := Files{Policy: p, Domain: d, Host: host{"/there", "/fifo.in", "/fifo.out"}}
	given, err := f.Given()
	if err != nil {
		t.Fatal(err)
	}
	const devices = `/dev/input/event1 +4711:+4712 remembered
/dev/bus/usb/001/012 +4711:+4712 remembered
/dev/vfio/7 +4711:+4712
/log +4711:+4712 remembered
/dev/ttyS0 +4711:+4712 remembered
`
	const others = `/connected +4711:+4712 remembered
/fifo.in +4711:+4712 remembered
/fifo.out +4711:+4712 remembered
/dev/tpm0 +4711:+4712
/boot/kernel +4711:+4712 remembered`
	const wantGiven = `/top +4711:+4712 remembered
/base +4711:+4712
/dev/shared +4711:+4712
/mine +1:+2 remembered
/iso +4711:+4712
` + devices + "/there +4711:+4712 remembered\n" + others
	if got := lines(given); got != wantGiven {
		t.Errorf("given:\n%s\nwant:\n%s", got, wantGiven)
	}
	returned, err := f.Returned()
	if err != nil {
		t.Fatal(err)
	}
	const wantReturned = "/top +4711:+4712 remembered\n/mine +4711:+4712 remembered\n" + devices + others
	if got := lines(returned); got != wantReturned {
		t.Errorf("returned:\n%s\nwant:\n%s", got, wantReturned)
	}
	f.Logd = true
	given, err = f.Given()
	if got := lines(given); err != nil || got != strings.Replace(wantGiven, "/log +4711:+4712 remembered\n", "", 1) {
		t.Errorf("with virtlogd: %v\n%s", err, got)
	}
}

func TestNobodyGetsFiles(t *testing.T) {
	session, _, err := New(qemuconf.New(false), false)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		policy *Policy
		label  string
	}{
		"in a session":             {session, ""},
		"without ownership":        {policy(t, func(s *qemuconf.Security) { s.DynamicOwnership = false }), ""},
		"of an unconfined machine": {policy(t, nil), "<seclabel type='none' model='dac'/>"},
		"that keeps its files":     {policy(t, nil), "<seclabel type='static' model='dac' relabel='no'><label>+1:+2</label></seclabel>"},
	} {
		d := parsed(t, everything, c.label)
		if err := c.policy.Generate(d); err != nil {
			t.Fatal(err)
		}
		f := Files{Policy: c.policy, Domain: d, Host: host{"/there"}}
		given, err := f.Given()
		returned, failed := f.Returned()
		if err != nil || failed != nil || len(given)+len(returned) > 0 {
			t.Errorf("%s: given %v, %v, returned %v, %v", name, given, err, returned, failed)
		}
	}
}

func TestLabels(t *testing.T) {
	const dynamic = "{dynamic dac +4711:+4712 +4711:+4712 }"
	notConfined := func(s *qemuconf.Security) { s.DefaultConfined = false }
	for _, c := range []struct {
		change        func(*qemuconf.Security)
		labels        string
		want, process string
	}{
		{nil, "", dynamic, "+4711:+4712"},
		{notConfined, "", "", "+4711:+4712"},
		{nil, "<seclabel type='none' model='none'/>", "{none none   }" + dynamic, "+4711:+4712"},
		{nil, "<seclabel type='none' model='dac'/>", "{none dac   }", "+4711:+4712"},
		{notConfined, "<seclabel type='dynamic' model='dac'><baselabel>+5:+6</baselabel></seclabel>",
			"{dynamic dac +4711:+4712 +4711:+4712 +5:+6}", "+4711:+4712"},
		{nil, "<seclabel type='static' model='dac' relabel='yes'><label>+1:+2</label></seclabel>", "{static dac +1:+2 +1:+2 }", "+1:+2"},
		{nil, "<seclabel type='static' model='dac'><label>root:+2</label></seclabel>", "{static dac root:+2  }", "+0:+2"},
	} {
		p, d := policy(t, c.change), parsed(t, "", c.labels)
		if err := p.Check(d); err != nil {
			t.Errorf("%s: %v", c.labels, err)
		}
		if err := p.Generate(d); err != nil {
			t.Errorf("%s: %v", c.labels, err)
			continue
		}
		got := ""
		for _, l := range d.SecLabels {
			got += fmt.Sprintf("{%s %s %s %s %s}", l.Type, l.Model, l.Label, l.ImageLabel, l.BaseLabel)
		}
		if got != c.want {
			t.Errorf("%s: labels %s, want %s", c.labels, got, c.want)
		}
		user, err := p.Process(d)
		if err != nil || fmt.Sprintf("+%d:+%d", user.Uid, user.Gid) != c.process || !slices.Contains(user.Groups, user.Gid) {
			t.Errorf("%s: runs as %+v, %v, want %s", c.labels, user, err, c.process)
		}
	}
}

func TestRefusals(t *testing.T) {
	strict := policy(t, nil)
	strict.requireConfined = true
	for _, c := range []struct{ devices, labels, want string }{
		{"", "<seclabel type='none' model='dac'/>", "unsupported configuration: Unconfined guests are not allowed on this host"},
		{"", "<seclabel type='dynamic' model='selinux'/>", "unsupported configuration: Security driver model 'selinux' is not available"},
		{"<disk type='file'><source file='/d'><seclabel model='apparmor' relabel='no'/></source><target dev='vda'/></disk>", "",
			"unsupported configuration: Security driver model 'apparmor' is not available"},
		{"<serial type='file'><source path='/d'><seclabel relabel='no'/></source></serial>", "",
			"unsupported configuration: Security driver model '(null)' is not available"},
		{"", "<seclabel type='static' model='dac' relabel='yes'><label>bad</label></seclabel>",
			"invalid argument: Failed to parse uid and gid from 'bad'"},
		{"", "<seclabel type='static' model='dac' relabel='yes'><label>+x:+1</label></seclabel>",
			"invalid argument: Failed to parse user 'x'"},
	} {
		d := parsed(t, c.devices, c.labels)
		err := strict.Check(d)
		if err == nil {
			err = strict.Generate(d)
		}
		if err == nil || err.Error() != c.want {
			t.Errorf("%s%s: %v, want %s", c.devices, c.labels, err, c.want)
		}
	}
}

func TestSettings(t *testing.T) {
	for _, c := range []struct {
		change func(*qemuconf.Security)
		want   string
	}{
		{func(s *qemuconf.Security) { s.Drivers = []string{"selinux"} }, "unsupported configuration: Security driver selinux not enabled"},
		{func(s *qemuconf.Security) { s.Drivers = []string{"none", "apparmor"} }, "unsupported configuration: Security driver apparmor not enabled"},
		{func(s *qemuconf.Security) { s.Drivers = []string{"dac"} }, "internal error: Security driver dac not found"},
		{func(s *qemuconf.Security) { s.RequireConfined = true }, `unsupported configuration: Security driver "none" cannot create confined guests`},
		{func(s *qemuconf.Security) { s.User = "+" }, "invalid argument: Failed to parse user ''"},
		{func(s *qemuconf.Security) { s.Group = "+x" }, "invalid argument: Failed to parse group 'x'"},
	} {
		conf := qemuconf.New(true)
		conf.Security.User, conf.Security.Group = "+1", "+2"
		c.change(&conf.Security)
		_, _, err := New(conf, true)
		if err == nil || err.Error() != c.want || OfDrivers(err) == strings.Contains(c.want, "parse") {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}

func TestModels(t *testing.T) {
	session, _, err := New(qemuconf.New(false), false)
	if err != nil {
		t.Fatal(err)
	}
	system := policy(t, nil)
	if got := fmt.Sprintf("%s %s %q %q", session.Models(), system.Models(), system.BaseLabel(ModelNone), system.BaseLabel(ModelDAC)); got != `[none] [none dac] "" "+4711:+4712"` {
		t.Error(got)
	}
	if session.Owner() != nil || session.Probing() != nil {
		t.Error("a session's machines are somebody else")
	}
}
