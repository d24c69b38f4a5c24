package lockmanager

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"virtree.dev/config/lockdconf"
	"virtree.dev/config/paths"
	"virtree.dev/internal/command"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/domain"
)

func disk(path string, change ...func(*domain.Disk)) *domain.Disk {
	d := &domain.Disk{Source: &domain.DiskSource{Type: "file", Path: path}}
	for _, f := range change {
		f(d)
	}
	return d
}

func readOnly(d *domain.Disk) { d.ReadOnly = true }
func shared(d *domain.Disk)   { d.Shareable = true }

func document(leases []*domain.Lease, disks ...*domain.Disk) *domain.Domain {
	d := &domain.Domain{Name: "web"}
	d.Devices.Leases, d.Devices.Disks = leases, disks
	return d
}

func hashed(path string) string {
	sum := sha256.Sum256([]byte(path))
	return hex.EncodeToString(sum[:])
}

// programs know two devices.
func programs(c command.Command) (command.Result, error) {
	path := c.Args[len(c.Args)-1]
	switch {
	case c.Path == lvs && path == "/dev/vg/a":
		return command.Result{Stdout: []byte("  06UgP5-2rhb\n")}, nil
	case c.Path == scsiID && path == "/dev/sda":
		return command.Result{Stdout: []byte("3600a0b8\n")}, nil
	}
	return command.Result{}, &command.StatusError{Command: c, Result: command.Result{Status: 5}}
}

func TestResources(t *testing.T) {
	all := lockdconf.Plugin{AutoDiskLeases: true, FileLockspaceDir: "/f", LVMLockspaceDir: "/l", SCSILockspaceDir: "/s"}
	lease := []*domain.Lease{{Lockspace: "space", Key: "key", Path: "/path"}}
	network := disk("vol", func(d *domain.Disk) { d.Source.Type = "network" })
	volume := disk("/pool/v", func(d *domain.Disk) { d.Source.Type, d.Source.Actual = "volume", "file" })
	for name, tt := range map[string]struct {
		plugin lockdconf.Plugin
		doc    *domain.Domain
		want   string // SPACE NAME FLAGS, ... or an error
	}{
		"the file itself":             {lockdconf.Plugin{AutoDiskLeases: true}, document(nil, disk("/a"), disk("/b", shared)), "[ /a 0] [ /b 1]"},
		"by hash":                     {all, document(nil, disk("/a"), disk("/b", shared)), "[/f " + hashed("/a") + " 2] [/f " + hashed("/b") + " 3]"},
		"read-only, empty, elsewhere": {all, document(nil, disk("/a", readOnly), disk(""), network), ""},
		"of a pool":                   {lockdconf.Plugin{AutoDiskLeases: true}, document(nil, volume), "[ /pool/v 0]"},
		"devices":                     {all, document(nil, disk("/dev/vg/a"), disk("/dev/sda"), disk("/dev/sdb")), "[/l 06UgP5-2rhb 2] [/s 3600a0b8 2] [/f " + hashed("/dev/sdb") + " 2]"},
		"devices by path":             {lockdconf.Plugin{AutoDiskLeases: true}, document(nil, disk("/dev/sda")), "[ /dev/sda 0]"},
		"leases":                      {all, document(lease, disk("/a", readOnly)), "[/path/space key 0]"},
		"leases only":                 {lockdconf.Plugin{RequireLeaseForDisks: true}, document(lease, disk("/a")), "[/path/space key 0]"},
		"required":                    {lockdconf.Plugin{RequireLeaseForDisks: true}, document(nil, disk("/a")), "unsupported configuration: Read/write, exclusive access, disks were present, but no leases specified"},
		"required, shared disks":      {lockdconf.Plugin{RequireLeaseForDisks: true}, document(nil, disk("/a", shared), disk("/b", readOnly)), ""},
		"not required":                {lockdconf.Plugin{}, document(nil, disk("/a")), ""},
		"offset":                      {all, document([]*domain.Lease{{Lockspace: "s", Offset: 1}}), "internal error: Offset must be zero for this lock manager"},
		"no lockspace":                {all, document([]*domain.Lease{{Path: "/p"}}), "internal error: Missing path or lockspace for lease resource"},
	} {
		m := &Manager{Plugin: &tt.plugin, Runner: &command.Recorder{Answer: programs}}
		var got []string
		found, err := m.ofDomain(t.Context(), tt.doc)
		for _, r := range found {
			got = append(got, fmt.Sprintf("[%s %s %d]", r.space, r.name, r.flags))
		}
		text := strings.Join(got, " ")
		if err != nil {
			text = err.Error()
		}
		if text != tt.want {
			t.Errorf("%s: %s\nwant %s", name, text, tt.want)
		}
	}
}

func TestProgramsThatKnowDevices(t *testing.T) {
	r := &command.Recorder{Answer: programs}
	m := &Manager{Plugin: &lockdconf.Plugin{AutoDiskLeases: true, LVMLockspaceDir: "/l", SCSILockspaceDir: "/s"}, Runner: r}
	if _, err := m.locate(t.Context(), "/dev/sda"); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"/sbin/lvs --noheadings --unbuffered --nosuffix --options uuid /dev/sda",
		"/lib/udev/scsi_id --replace-whitespace --whitelisted --device /dev/sda",
	}
	if !slices.Equal(r.Lines(), want) {
		t.Errorf("ran %q", r.Lines())
	}
	r.Answer = func(command.Command) (command.Result, error) { return command.Result{}, os.ErrNotExist }
	if _, err := m.locate(t.Context(), "/dev/sda"); err == nil || err.Error() != "Cannot find '/sbin/lvs' in path: No such file or directory" {
		t.Error(err)
	}
}

func TestNew(t *testing.T) {
	dirs := paths.Dirs{Config: t.TempDir(), Run: "/run/user"}
	for _, name := range []string{"", "nop"} {
		if m, _, err := New(name, dirs); m != nil || err != nil {
			t.Errorf("%q: %v, %v", name, m, err)
		}
	}
	t.Setenv("LIBVIRT_LOCK_MANAGER_PLUGIN_DIR", "")
	_, _, err := New("sanlock", dirs)
	var told *virerr.Error
	if !errors.As(err, &told) || told.Code != virerr.SystemError ||
		told.Message != "Plugin /usr/lib/libvirt/lock-driver/sanlock.so not accessible: No such file or directory" {
		t.Errorf("sanlock: %v", err)
	}
	text := "auto_disk_leases = 0\nwhat = 1\n"
	if err := os.WriteFile(filepath.Join(dirs.Config, "qemu-lockd.conf"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	m, notes, err := New("lockd", dirs)
	if err != nil || m.Plugin.AutoDiskLeases || !m.Plugin.RequireLeaseForDisks || len(notes) != 1 || m.Daemon.Socket != "/run/user/virtlockd-sock" {
		t.Errorf("%+v, %q, %v", m, notes, err)
	}
}
