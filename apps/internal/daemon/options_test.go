package daemon

import (
	"strings"
	"testing"
)

func TestOptions(t *testing.T) {
	o, err := parseOptions([]string{"-dl", "--timeout=30", "--conf", "/x", "-p/y", "--verb"}, true)
	if err != nil {
		t.Fatal(err)
	}
	want := options{background: true, listen: true, verbose: true, timeout: 30, config: "/x", pidFile: "/y"}
	if *o != want {
		t.Errorf("got %+v, want %+v", *o, want)
	}
}

func TestBadOptionsReadAsGetopts(t *testing.T) {
	tests := []struct{ args, want string }{
		{"--bogus", "unrecognized option '--bogus'"},
		{"-x", "invalid option -- 'x'"},
		{"-t", "option requires an argument -- 't'"},
		{"--timeout", "option '--timeout' requires an argument"},
		{"--daemon=3", "option '--daemon' doesn't allow an argument"},
		{"--v", "option '--v' is ambiguous; possibilities: '--verbose' '--version'"},
		{"-d extra", "unexpected, non-option, command line arguments"},
	}
	for _, tt := range tests {
		if _, err := parseOptions(strings.Fields(tt.args), true); err == nil || err.Error() != tt.want {
			t.Errorf("%s: got %v, want %s", tt.args, err, tt.want)
		}
	}
	if _, err := parseOptions([]string{"-l"}, false); err == nil {
		t.Error("--listen is libvirtd's alone")
	}
}

func TestTimeoutIsBounded(t *testing.T) {
	for text, ok := range map[string]bool{
		"0": true, "2147483": true, "2147484": false, "-1": false, "x": false, "": false,
		"5x": true, " +5": true, "0x5": true, "99999999999999999999": false,
	} {
		if _, err := seconds(text); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestUsageNamesTheRightPaths(t *testing.T) {
	var system, session strings.Builder
	s := Spec{Name: "libvirtd", SocketPrefix: "libvirt", Listen: true, ReadOnly: true}
	s.writeUsage(&system, "libvirtd", true)
	s.writeUsage(&session, "libvirtd", false)
	for _, want := range []string{"/etc/libvirt/libvirtd.conf", "/run/libvirt/libvirt-sock-ro", "/run/libvirtd.pid", "--listen"} {
		if !strings.Contains(system.String(), want) {
			t.Errorf("system usage lacks %s", want)
		}
	}
	if got := session.String(); strings.Contains(got, "sock-ro") || !strings.Contains(got, "$XDG_RUNTIME_DIR/libvirt/libvirt-sock\n") {
		t.Errorf("session usage:\n%s", got)
	}
}
