package daemon

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// withoutOurs takes out of a help the option that libvirt does not have.
func withoutOurs(t *testing.T, help string) string {
	t.Helper()
	head, rest, ok := strings.Cut(help, "  "+checkLine)
	_, rest, end := strings.Cut(rest, "\n")
	if !ok || !end {
		t.Errorf("the help does not say %q:\n%s", checkLine, help)
	}
	return head + rest
}

// The help of Debian's libvirtd is word for word what clients' scripts may read.
func TestUsageIsThatOfTheRealOne(t *testing.T) {
	const theirs = "/usr/sbin/libvirtd"
	if os.Geteuid() != 0 {
		t.Skip("compares the help that root sees")
	}
	if _, err := os.Stat(theirs); err != nil {
		t.Skip("needs the real libvirtd (package libvirt-daemon)")
	}
	want, err := exec.Command(theirs, "--help").CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	Spec{Name: "libvirtd", SocketPrefix: "libvirt", About: "libvirt management daemon", Listen: true, ReadOnly: true}.writeUsage(&got, theirs, true)
	if withoutOurs(t, got.String()) != string(want) {
		t.Errorf("got:\n%s\nwant:\n%s", got.String(), want)
	}
}

func TestUsageOfLogsAndLocksIsThatOfTheRealOnes(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("compares the help that root sees")
	}
	for name, about := range map[string]string{"virtlogd": "libvirt log management daemon", "virtlockd": "libvirt lock management daemon"} {
		theirs := "/usr/sbin/" + name
		if _, err := os.Stat(theirs); err != nil {
			t.Skip("needs the real " + name + " (packages libvirt-daemon-log, libvirt-daemon-lock or libvirt-daemon)")
		}
		want, err := exec.Command(theirs, "--help").CombinedOutput()
		if err != nil {
			t.Fatal(err)
		}
		var got strings.Builder
		Spec{Name: name, SocketPrefix: name, About: about, OwnerOnly: true}.writeUsage(&got, theirs, true)
		if withoutOurs(t, got.String()) != string(want) {
			t.Errorf("got:\n%s\nwant:\n%s", got.String(), want)
		}
	}
}
