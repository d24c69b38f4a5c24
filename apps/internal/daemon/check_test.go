package daemon

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"virtree.dev/config/conf"
	"virtree.dev/config/daemonconf"
	"virtree.dev/config/paths"
)

// checkText checks a file of settings.
func checkText(t *testing.T, spec Spec, text string) (out string, code int) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "d.conf")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	spec.Settings = func(privileged bool) Settings { return daemonconf.New(privileged) }
	s := newSetup(spec, &options{config: path})
	var b strings.Builder
	code = s.checkConfig(&b)
	return strings.ReplaceAll(b.String(), path, "FILE"), code
}

// Each setting that systemd overrules is said with what rules instead, and where.
func TestOverruledSettings(t *testing.T) {
	libvirtd := Spec{Name: "libvirtd", Listen: true}
	values := map[string]string{
		"listen_tcp": "1", "listen_tls": "0", "tcp_port": `"1"`, "tls_port": `"2"`, "listen_addr": `"127.0.0.1"`, "unix_sock_group": `"+0"`,
		"unix_sock_ro_perms": `"0777"`, "unix_sock_rw_perms": `"0770"`, "unix_sock_admin_perms": `"0700"`, "unix_sock_dir": `"/"`,
	}
	for key, want := range map[string]string{
		"listen_tcp":            "ListenStream= of libvirtd-tcp.socket rules",
		"listen_tls":            "ListenStream= of libvirtd-tls.socket rules",
		"tcp_port":              "ListenStream= of libvirtd-tcp.socket rules",
		"tls_port":              "ListenStream= of libvirtd-tls.socket rules",
		"listen_addr":           "ListenStream= of libvirtd-tcp.socket and libvirtd-tls.socket rules",
		"unix_sock_group":       "SocketGroup= of libvirtd.socket, libvirtd-ro.socket and libvirtd-admin.socket rules",
		"unix_sock_ro_perms":    "SocketMode= of libvirtd-ro.socket rules",
		"unix_sock_rw_perms":    "SocketMode= of libvirtd.socket rules",
		"unix_sock_admin_perms": "SocketMode= of libvirtd-admin.socket rules",
		"unix_sock_dir":         "ListenStream= of libvirtd.socket, libvirtd-ro.socket and libvirtd-admin.socket rules",
	} {
		out, code := checkText(t, libvirtd, "\n"+key+" = "+values[key]+"\n")
		if code != 0 || !strings.Contains(out, "FILE:2: "+key+" is ignored: "+want+"\n") {
			t.Errorf("%s: exit code %d\n%s", key, code, out)
		}
	}
	if len(values) != len(ruled) {
		t.Errorf("%d settings are overruled, and %d are tested", len(ruled), len(values))
	}
	if out, _ := checkText(t, libvirtd, "max_clients = 50\n"); strings.Contains(out, "ignored") {
		t.Errorf("nothing is ignored:\n%s", out)
	}
}

func TestADaemonWithoutPorts(t *testing.T) {
	out, code := checkText(t, Spec{Name: "virtqemud"}, "tls_port = \"1\"\nunix_sock_rw_perms = \"0700\"\n")
	for _, want := range []string{
		"FILE:1: tls_port is ignored: virtqemud listens on no port\n",
		"FILE:2: unix_sock_rw_perms is ignored: SocketMode= of virtqemud.socket rules\n",
	} {
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("exit code %d, no %q in\n%s", code, want, out)
		}
	}
	if strings.Contains(out, "virtqemud-tls") {
		t.Errorf("a unit that there is not:\n%s", out)
	}
}

// Values that only a start would find out are found as well.
func TestValuesThatCannotBe(t *testing.T) {
	for text, want := range map[string]string{
		`log_level = 5`:                                      "FILE:1: log_level: invalid argument: Failed to set logging priority, argument '5' is invalid; write 1 (debug)",
		`log_filters = "1:qemu 9:rpc"`:                       "FILE:1: log_filters: invalid argument: Invalid priority '9' for filter '9:rpc'; write LEVEL:SOURCE",
		`log_outputs = "1:nowhere"`:                          "FILE:1: log_outputs: invalid argument: Invalid log destination 'nowhere' for log output '1:nowhere'; write LEVEL:stderr",
		`unix_sock_group = "no such"`:                        "FILE:1: unix_sock_group: invalid argument: Failed to parse group 'no such'; name a group",
		`unix_sock_rw_perms = "rwx"`:                         "FILE:1: unix_sock_rw_perms: Failed to parse mode 'rwx'; write an octal mode",
		`unix_sock_ro_perms = "9"`:                           "FILE:1: unix_sock_ro_perms: Failed to parse mode '9'; write an octal mode",
		`unix_sock_admin_perms = ""`:                         "FILE:1: unix_sock_admin_perms: Failed to parse mode ''; write an octal mode",
		`unix_sock_dir = "/no/such"`:                         "FILE:1: unix_sock_dir: there is no folder '/no/such'; make it",
		`tcp_port = "no such port"`:                          "FILE:1: tcp_port: there is no port 'no such port'; write a number",
		`tls_port = "99999"`:                                 "FILE:1: tls_port: there is no port '99999'; write a number",
		`listen_addr = "300.1.1.1"`:                          "FILE:1: listen_addr: nobody knows the address of '300.1.1.1'; write an address",
		`host_uuid = "00000000-0000-0000-0000-000000000000"`: "FILE:1: host_uuid: invalid host UUID: 00000000-0000-0000-0000-000000000000; write the output of uuidgen",
		`host_uuid_source = "coin"`:                          `FILE:1: host_uuid_source: invalid UUID source: coin; write "smbios" or "machine-id"`,
		`access_drivers = [ "no such" ]`:                     "FILE:1: access_drivers: internal error: Cannot find security driver 'no such'; name one",
		`tls_priority = "NORMAL:-EVERYTHING"`:                "FILE:1: tls_priority: ",
		`key_file = "/dev/null"`:                             "FILE:1: key_file: unsupported configuration: No CA certificate path set to match server key/cert; set ca_file, cert_file and key_file",
		`crl_file = "/no/such"`:                              "FILE:1: crl_file: open /no/such: no such file or directory; make a file there",
		`max_clients = 5`:                                    "FILE: max_anonymous_clients is 20 and max_clients 5; make max_clients as great",
		`max_workers = 0`:                                    "FILE:1: 'max_workers' must be greater than 0; write max_workers = ",
		`auth_tls = "maybe"`:                                 `FILE:1: auth_tls: unsupported auth maybe; write auth_tls = "none", "sasl" or "polkit"`,
	} {
		out, code := checkText(t, Spec{Name: "libvirtd", Listen: true}, text+"\n")
		if code != 1 || !strings.Contains(out, want) || !strings.HasSuffix(out, "libvirtd: mistakes in its settings: 1\n") {
			t.Errorf("%s: exit code %d, no %q in\n%s", text, code, want, out)
		}
	}
}

// A daemon that reads more files than its own tells of all.
func TestEveryFileIsChecked(t *testing.T) {
	asked := paths.Dirs{}
	out, code := checkText(t, Spec{Name: "libvirtd", Check: func(d paths.Dirs) []*conf.Report {
		asked = d
		return []*conf.Report{{Path: "other", Mistakes: []conf.Mistake{{Line: 3, Text: "wrong", Remedy: "make it right"}}}, {Path: "third", Missing: true}}
	}}, "")
	want := "FILE: sound\nother:3: wrong; make it right\nthird: there is none, the defaults hold\nlibvirtd: mistakes in its settings: 1\n"
	if out != want || code != 1 || asked != paths.Current() {
		t.Errorf("exit code %d, %+v\n%s", code, asked, out)
	}
}
