package domain_test

import (
	"errors"
	"strings"
	"testing"

	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/domain"
)

// around puts elements into a document that is complete without them.
func around(elements string) string {
	return "<domain type='kvm' id='7'><name>n</name><memory>1024</memory><os><type>hvm</type></os>" + elements + "</domain>"
}

var parse = domain.ParseOptions{Inactive: true, ABIUpdate: true, DefaultArch: "x86_64"}

func TestDefaults(t *testing.T) {
	d, err := domain.Parse([]byte(around("")), parse)
	if err != nil {
		t.Fatal(err)
	}
	if d.ID != -1 || d.Active() {
		t.Errorf("an inactive document has id %d", d.ID)
	}
	if !d.UUID.Valid() {
		t.Error("no identity was made")
	}
	if d.Memory.Current != 1024 || d.VCPU.Max() != 1 || d.VCPU.Online() != 1 || d.OS.Arch != "x86_64" {
		t.Errorf("got %+v, %+v, %q", d.Memory, d.VCPU, d.OS.Arch)
	}
	if len(d.OS.BootDevs) != 1 || d.OS.BootDevs[0] != "hd" {
		t.Errorf("boots from %v", d.OS.BootDevs)
	}
	if d.OnPoweroff != "destroy" || d.OnReboot != "restart" || d.OnCrash != "destroy" || d.OnLockFailure != "" {
		t.Errorf("acts by %s, %s, %s, %s", d.OnPoweroff, d.OnReboot, d.OnCrash, d.OnLockFailure)
	}
	live, err := domain.Parse([]byte(around("")), domain.ParseOptions{})
	if err != nil || live.ID != 7 {
		t.Errorf("a live document has id %d (%v)", live.ID, err)
	}
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]uint64{
		"<memory unit='MiB'>3</memory>":  3 << 10,
		"<memory unit='b'>1025</memory>": 2,
		"<memory unit='GB'>1</memory>":   976563,
		"<memory unit='g'>2</memory>":    2 << 20,
	} {
		doc := strings.Replace(around(""), "<memory>1024</memory>", text, 1)
		d, err := domain.Parse([]byte(doc), parse)
		if err != nil || d.Memory.Total != want {
			t.Errorf("%s: %+v, %v", text, d, err)
		}
	}
}

func TestErrors(t *testing.T) {
	for doc, want := range map[string]string{
		"<domain type='kvm'/>":                                                                    "",
		"<domain><name>n</name></domain>":                                                         "missing domain type attribute",
		"<domain type='x'><name>n</name></domain>":                                                "invalid domain type x",
		"<domain type='kvm'><name>n</name></domain>":                                              "an os <type> must be specified",
		"<domain type='kvm'><name>n</name><os><type arch='x'>hvm</type></os></domain>":            "Unknown architecture x",
		"<domain type='kvm'><name>a/b</name><memory>1</memory><os><type>hvm</type></os></domain>": "name a/b cannot contain '/'",
		"<domain type='kvm'><name>n</name><os><type>hvm</type></os></domain>":                     "Memory size must be specified via <memory> or in the <numa> configuration",
		"<net/>":                             "expecting root element of 'domain', not 'net'",
		around("<uuid>1</uuid>"):             "malformed uuid element",
		around("<title>a\nb</title>"):        "Domain title can't contain newlines",
		around("<vcpu>x</vcpu>"):             "maximum vcpus count must be an integer",
		around("<vcpu>0</vcpu>"):             "CPU IDs in <numa> exceed the <vcpu> count",
		around("<vcpu current='3'>2</vcpu>"): "maximum vCPU count must not be less than current vCPU count",
		around("<vcpu cpuset='1-'>2</vcpu>"): "Failed to parse bitmap '1-'",
		around("<vcpu>1</vcpu><vcpus><vcpu id='1' enabled='yes'/></vcpus>"):                  "vcpu id '1' is out of range of maximum vcpu count",
		around("<currentMemory unit='x'>1</currentMemory>"):                                  "unknown suffix 'x'",
		around("<maxMemory slots='2'>0</maxMemory>"):                                         "maximum memory size must be specified when specifying number of memory slots",
		around("<features><nx/></features>"):                                                 "unexpected feature 'nx'",
		around("<features><hyperv><spinlocks state='on' retries='1'/></hyperv></features>"):  "HyperV spinlock retry count must be at least 4095",
		around("<clock offset='mars'/>"):                                                     "unknown clock offset 'mars'",
		around("<clock><timer name='pit' track='guest'/></clock>"):                           "timer pit doesn't support setting of timer track",
		around("<on_crash>panic</on_crash>"):                                                 "unknown on_crash action: panic",
		around("<cputune><iothreadpin iothread='1' cpuset='0'/></cputune>"):                  "Cannot find 'iothread' : 1",
		around("<cputune><vcpusched vcpus='0' scheduler='rr'/></cputune>"):                   "Missing required attribute 'priority' in element 'vcpusched'",
		around("<numatune><memory placement='static'/></numatune>"):                          "nodeset for NUMA memory tuning must be set if 'placement' is 'static'",
		around("<cpu><numa/></cpu>"):                                                         "NUMA topology defined without NUMA cells",
		around("<cpu><numa><cell cpus='0-1' memory='1'/></numa></cpu>"):                      "Number of CPUs in <numa> exceeds the <vcpu> count",
		around("<seclabel type='dynamic' relabel='no'/>"):                                    "dynamic label type must use resource relabeling",
		around("<sysinfo type='smbios'><bios><entry name='date'>x</entry></bios></sysinfo>"): "Invalid BIOS 'date' format",
		around("<launchSecurity type='sev'/>"):                                               "failed to get launch security policy",
		around("<iothreadids><iothread id='1'/><iothread id='1'/></iothreadids>"):            "duplicate iothread id '1' found",
		around("<genid/><genid/>"):                                                           "element 'genid' can only appear once",
	} {
		_, err := domain.Parse([]byte(doc), parse)
		var e *virerr.Error
		if !errors.As(err, &e) || e.Str2 != want {
			t.Errorf("%s:\n got %v\nwant %s", doc, err, want)
		}
	}
}

func TestValidateCore(t *testing.T) {
	for elements, want := range map[string]string{
		"": "",
		"<os><bootmenu enable='yes' timeout='70000'/></os>":                                      "",
		"<on_reboot>coredump-destroy</on_reboot>":                                                "Lifecycle event 'reboot' doesn't support 'coredump-destroy' action",
		"<cputune><period>5</period></cputune>":                                                  "Value of cputune 'period' must be in range [1000, 1000000]",
		"<memoryBacking><hugepages><page size='1'/><page size='2'/></hugepages></memoryBacking>": "two master hugepages detected: 2 and 1",
		"<memoryBacking><hugepages><page size='4' nodeset='3'/></hugepages></memoryBacking>":     "hugepages: node 3 not found",
		"<throttlegroups><throttlegroup><group_name>g</group_name><total_iops_sec>1</total_iops_sec><read_iops_sec>1</read_iops_sec></throttlegroup></throttlegroups>": "total and read/write iops_sec cannot be set at the same time",
		"<defaultiothread thread_pool_min='3' thread_pool_max='2'/>": "thread_pool_min must be smaller or equal to thread_pool_max",
	} {
		d, err := domain.Parse([]byte(around(elements)), parse)
		if err != nil {
			t.Errorf("%s: %v", elements, err)
			continue
		}
		got := ""
		if e := new(virerr.Error); errors.As(d.ValidateCore(), &e) {
			got = e.Str2
		}
		if got != want {
			t.Errorf("%s: got %q", elements, got)
		}
	}
}

func TestFormatOptions(t *testing.T) {
	const elements = "<genid/><metadata><a:x xmlns:a='u'/><a:y xmlns:a='u'/><z/></metadata>" +
		"<qemu:commandline xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><qemu:arg value='-x'/></qemu:commandline>"
	doc := strings.Replace(around(elements), "<os>", "<os firmware='efi'>", 1)
	d, err := domain.Parse([]byte(doc), domain.ParseOptions{})
	if err != nil {
		t.Fatal(err)
	}
	live, still := d.Format(domain.FormatOptions{}), d.Format(domain.FormatOptions{Inactive: true, Migratable: true})
	for _, want := range []string{
		"<domain type='kvm' id='7' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>",
		"<os firmware='efi'>",
		"  <metadata>\n    <a:x xmlns:a=\"u\"/>\n  </metadata>\n",
		"  <qemu:commandline>\n    <qemu:arg value='-x'/>\n  </qemu:commandline>\n</domain>\n",
	} {
		if !strings.Contains(live, want) {
			t.Errorf("no %q in\n%s", want, live)
		}
	}
	if strings.Contains(still, " id='7'") || strings.Contains(still, "firmware=") {
		t.Errorf("too much in\n%s", still)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(around("")))
	f.Add([]byte(around("<cpu><numa><cell cpus='0' memory='1'/></numa></cpu><features><hyperv/></features><clock offset='utc'/>")))
	f.Add([]byte(around("<devices><disk><source file='/x'/><target dev='vda'/></disk><interface type='user'/></devices>")))
	for _, inside := range oddities {
		f.Add([]byte(around(inside)))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		d, err := domain.Parse(doc, parse)
		if err != nil {
			return
		}
		o := domain.FormatOptions{Secure: true}
		once := d.Format(o)
		again, err := domain.Parse([]byte(once), parse)
		if err != nil {
			t.Fatalf("%q became %q: %v", doc, once, err)
		}
		if twice := again.Format(o); twice != once {
			t.Fatalf("%q became %q, then %q", doc, once, twice)
		}
	})
}
