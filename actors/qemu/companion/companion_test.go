package companion

import (
	"slices"
	"strings"
	"testing"

	"virtree.dev/protocol/xml/domain"
	"virtree.dev/protocol/xml/uuid"
)

func testHost() *Host {
	return &Host{
		ShortName: "3-web", Privileged: true, LibDir: "/lib/domain-3-web",
		Log: "/log", State: "/state", SWTPMState: "/state/swtpm", SWTPMLog: "/log/swtpm", SWTPMStorage: "/swtpm",
		Passt: "/state/passt", DBus: "/state/dbus",
		Program:  func(name string) string { return "/bin/" + name },
		PRHelper: "qemu-pr-helper", DBusName: "dbus-daemon",
		VhostUser: func(kind string) (string, error) { return "/bin/vhost-user-" + kind, nil },
		NBDKit:    func(protocol string) bool { return protocol == "https" },
	}
}

func testDomain(t *testing.T) *domain.Domain {
	t.Helper()
	id, err := uuid.Parse("11111111-2222-3333-4444-555555555555")
	if err != nil {
		t.Fatal(err)
	}
	return &domain.Domain{Name: "web", ID: 3, UUID: id}
}

var (
	threads = 4
	managed = domain.DiskSource{Type: "block", Path: "/dev/sda", Reservations: &domain.Reservations{Managed: domain.Yes}}
	remote  = domain.DiskSource{Type: "network", Network: &domain.NetworkSource{
		Protocol: "https", Name: "a.img", Hosts: []domain.NetworkHost{{Name: "example.org", Port: 443}},
		SSLVerify: domain.No, Timeout: 9, Cookies: []domain.Cookie{{Name: "k", Value: "v"}},
	}}
)

// companionTests are devices with the companion that they need.
var companionTests = []struct {
	name    string
	devices domain.Devices
	want    string // program and arguments
	traces  []string
}{
	{"nothing", domain.Devices{}, "", nil},
	{
		"tpm", domain.Devices{TPMs: []*domain.TPM{{Backend: "emulator", Version: "2.0", Debug: 5}}},
		"/bin/swtpm socket --ctrl type=unixio,path=/state/swtpm/3-web-swtpm.sock,mode=0600 " +
			"--tpmstate dir=/swtpm/11111111-2222-3333-4444-555555555555/tpm2,mode=0600 " +
			"--log file=/log/swtpm/web-swtpm.log,level=5,prefix=[id=3]  --terminate --tpm2",
		[]string{"/state/swtpm/3-web-swtpm.pid", "/state/swtpm/3-web-swtpm.sock"},
	},
	{"passed on", domain.Devices{TPMs: []*domain.TPM{{Backend: "passthrough"}}}, "", nil},
	{
		"virtiofs", domain.Devices{Filesystems: []*domain.Filesystem{{
			DeviceInfo: domain.DeviceInfo{Alias: "fs0"}, Source: "/a,b", ReadOnly: true,
			Driver: domain.FilesystemDriver{Type: "virtiofs"},
			Binary: domain.FilesystemBinary{Cache: "always", XAttr: domain.On, Flock: domain.Off, ThreadPool: &threads, OpenFiles: 7},
			IDMap:  domain.IDMap{UIDs: []domain.IDMapEntry{{Start: 0, Target: 1000, Count: 1}}},
		}}},
		"/bin/vhost-user-fs --fd=3 -o source=/a,,b,cache=always,xattr,no_flock --thread-pool-size=4 " +
			"--rlimit-nofile=7 --readonly --uid-map :0:1000:1:",
		[]string{"/state/3-web-fs0-fs.pid", "/lib/domain-3-web/fs0-fs.sock"},
	},
	{"served already", domain.Devices{Filesystems: []*domain.Filesystem{{
		Socket: "/tmp/sock", Driver: domain.FilesystemDriver{Type: "virtiofs"},
	}}}, "", nil},
	{
		"passt", domain.Devices{Interfaces: []*domain.Interface{{
			DeviceInfo: domain.DeviceInfo{Alias: "net0"}, Type: "user", Backend: domain.InterfaceBackend{Type: "passt", LogFile: "/l"},
			MTU: 1400, PortForwards: []domain.PortForward{
				{Proto: "tcp", Address: "127.0.0.1", Dev: "lo", Ranges: []domain.PortRange{
					{Start: 22, To: 2022}, {Start: 80, End: 90, To: 8080}, {Start: 85, Exclude: domain.Yes},
				}},
				{Proto: "udp"},
			},
		}}},
		"/bin/passt --one-off --socket /state/passt/3-web-net0.socket --pid /state/passt/3-web-net0-passt.pid " +
			"--mtu 1400 --log-file /l --tcp-ports 127.0.0.1%lo/22:2022,80-90:8080-8090,~85 --udp-ports all",
		[]string{"/state/passt/3-web-net0-passt.pid", "/state/passt/3-web-net0.socket"},
	},
	{
		"bus", domain.Devices{Graphics: []*domain.Graphics{
			{Type: "dbus", P2P: true}, {Type: "dbus", Address: "unix:path=/elsewhere"},
			{Type: "dbus", Address: "unix:path=/state/dbus/3-web-dbus.sock"},
		}},
		"/bin/dbus-daemon --config-file=/state/dbus/3-web-dbus.conf",
		[]string{"/state/dbus/3-web-dbus.pid", "/state/dbus/3-web-dbus.sock", "/state/dbus/3-web-dbus.conf"},
	},
	{
		"reservations", domain.Devices{Disks: []*domain.Disk{{Bus: "scsi", Source: &managed}, {Bus: "scsi", Source: &managed}}},
		"/bin/qemu-pr-helper -k /lib/domain-3-web/pr-helper0.sock",
		[]string{"/lib/domain-3-web/pr-helper0.pid", "/lib/domain-3-web/pr-helper0.sock"},
	},
	{
		"nbdkit", domain.Devices{Disks: []*domain.Disk{{Bus: "virtio", Source: &remote}}},
		"/bin/nbdkit --unix /lib/domain-3-web/nbdkit-libvirt-1-storage.socket --foreground curl protocols=https " +
			"url=https://example.org:443/a.img cookie=+/lib/domain-3-web/nbdkit-libvirt-1-storage-cookie sslverify=false timeout=9",
		[]string{
			"/lib/domain-3-web/nbdkit-libvirt-1-storage.pid", "/lib/domain-3-web/nbdkit-libvirt-1-storage.socket",
			"/lib/domain-3-web/nbdkit-libvirt-1-storage-cookie",
		},
	},
	{
		"gpu", domain.Devices{Videos: []*domain.Video{{
			DeviceInfo: domain.DeviceInfo{Alias: "video0"}, Backend: "vhostuser",
			Accel: &domain.VideoAccel{Accel3D: domain.Yes, RenderNode: "/dev/dri/x"},
		}}},
		"/bin/vhost-user-gpu --fd=3 --virgl --render-node=/dev/dri/x",
		[]string{"/state/3-web-video0-vhost-user-gpu.pid"},
	},
}

func TestOf(t *testing.T) {
	for _, tt := range companionTests {
		d := testDomain(t)
		d.Devices = tt.devices
		got, err := Of(d, testHost())
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if tt.want == "" {
			if len(got) > 0 {
				t.Errorf("%s: %d companions, want none", tt.name, len(got))
			}
			continue
		}
		if len(got) != 1 {
			t.Errorf("%s: %d companions, want one", tt.name, len(got))
			continue
		}
		if line := strings.Join(append([]string{got[0].Program}, got[0].Args...), " "); line != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, line, tt.want)
		}
		if traces := got[0].Traces(); !slices.Equal(traces, tt.traces) {
			t.Errorf("%s: traces %q, want %q", tt.name, traces, tt.traces)
		}
	}
}

func TestTPMState(t *testing.T) {
	d := testDomain(t)
	d.Devices.TPMs = []*domain.TPM{{
		Backend: "emulator", Version: "2.0", SourceType: "file", SourcePath: "/s/state", PCRBanks: []string{"sha256", "sha384"},
		Profile: &domain.TPMProfile{Name: "null", RemoveDisabled: "check"},
	}}
	all, err := Of(d, testHost())
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	s := all[0].TPM
	if !slices.Contains(all[0].Args, "backend-uri=file:///s/state") || !s.File {
		t.Errorf("arguments %q", all[0].Args)
	}
	setup := strings.Join(s.Setup, " ")
	for _, want := range []string{"--tpm2 --tpm-state file:///s/state --vmid web:11111111-", "--profile-name null --profile-remove-disabled check"} {
		if !strings.Contains(setup, want) {
			t.Errorf("setup %q lacks %q", setup, want)
		}
	}
	if again := strings.Join(s.Reconfigure, " "); !strings.HasSuffix(again, "--pcr-banks sha256,sha384 --reconfigure") {
		t.Errorf("reconfigure %q", again)
	}
}
