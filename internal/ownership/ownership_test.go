package ownership

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"virtree.dev/internal/account"
	"virtree.dev/internal/sys"
)

const boot = Boot(1795552338)

var (
	root    = account.IDs{}
	mine    = account.IDs{UID: 4711, GID: 4712}
	machine = account.IDs{UID: 64055, GID: 107}
)

// folder has files of one owner, where files can have owners and remember them.
func folder(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(path, int(mine.UID), int(mine.GID)); err != nil {
			t.Skipf("needs root to give files away: %v", err)
		}
		if err := sys.SetXattr(path, attrBoot, ""); err != nil {
			t.Skipf("needs extended attributes in the temporary folder: %v", err)
		}
		if err := sys.RemoveXattr(path, attrBoot); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// state describes a file: its owner and what is remembered.
func state(t *testing.T, path string) string {
	t.Helper()
	owner, err := ownerOf(path)
	if err != nil {
		t.Fatal(err)
	}
	out := owner.String()
	for _, name := range []string{attrOwner, attrUses, attrBoot} {
		v, err := sys.Xattr(path, name)
		if err != nil {
			t.Fatal(err)
		}
		if v != "" {
			out += " " + v
		}
	}
	return out
}

func want(t *testing.T, path, wanted string) {
	t.Helper()
	if got := state(t, path); got != wanted {
		t.Errorf("%s is %s, want %s", filepath.Base(path), got, wanted)
	}
}

func TestOwnersComeBack(t *testing.T) {
	dir := folder(t, "disk", "shared")
	disk, shared := filepath.Join(dir, "disk"), filepath.Join(dir, "shared")
	files := []File{{disk, machine, true}, {shared, machine, false}}
	if err := boot.Give(files, true); err != nil {
		t.Fatal(err)
	}
	want(t, disk, "+64055:+107 +4711:+4712 1 1795552338")
	want(t, shared, "+64055:+107")
	if err := boot.TakeBack(files, true, LostToRoot); err != nil {
		t.Fatal(err)
	}
	want(t, disk, "+4711:+4712")
	want(t, shared, "+0:+0")
}

func TestFileOfTwoMachines(t *testing.T) {
	disk := filepath.Join(folder(t, "disk"), "disk")
	files := []File{{disk, machine, true}}
	for range 2 {
		if err := boot.Give(files, true); err != nil {
			t.Fatal(err)
		}
	}
	want(t, disk, "+64055:+107 +4711:+4712 2 1795552338")
	var used *ErrInUse
	if err := boot.Give([]File{{disk, root, true}}, true); !errors.As(err, &used) {
		t.Errorf("given to somebody else meanwhile: %v", err)
	}
	want(t, disk, "+64055:+107 +4711:+4712 2 1795552338")
	for _, left := range []string{"+64055:+107 +4711:+4712 1 1795552338", "+4711:+4712"} {
		if err := boot.TakeBack(files, true, LostToRoot); err != nil {
			t.Fatal(err)
		}
		want(t, disk, left)
	}
}

func TestAllOrNone(t *testing.T) {
	dir := folder(t, "disk", "backing")
	disk, backing, missing := filepath.Join(dir, "disk"), filepath.Join(dir, "backing"), filepath.Join(dir, "missing")
	err := boot.Give([]File{{disk, machine, true}, {backing, machine, false}, {missing, machine, true}}, true)
	var failure *Failure
	if !errors.As(err, &failure) || err.Error() != "unable to stat: "+missing+": No such file or directory" {
		t.Errorf("%v", err)
	}
	want(t, disk, "+4711:+4712")
	want(t, backing, "+4711:+4712")
}

func TestWithoutMemory(t *testing.T) {
	disk := filepath.Join(folder(t, "disk"), "disk")
	files := []File{{disk, machine, true}}
	if err := boot.Give(files, false); err != nil {
		t.Fatal(err)
	}
	want(t, disk, "+64055:+107")
	if err := boot.TakeBack(files, false, LostToRoot); err != nil {
		t.Fatal(err)
	}
	want(t, disk, "+0:+0")
}

// What a machine left whose daemon was killed before it was made may never have been given away.
func TestTakenBackInDoubt(t *testing.T) {
	dir := folder(t, "given", "kept")
	given, kept := filepath.Join(dir, "given"), filepath.Join(dir, "kept")
	if err := boot.Give([]File{{given, machine, true}}, true); err != nil {
		t.Fatal(err)
	}
	if err := boot.TakeBack([]File{{given, machine, true}, {kept, machine, true}}, true, LostStay); err != nil {
		t.Fatal(err)
	}
	want(t, given, "+4711:+4712")
	want(t, kept, "+4711:+4712")
}

func TestAnEarlierBootCountsForNothing(t *testing.T) {
	disk := filepath.Join(folder(t, "disk"), "disk")
	files := []File{{disk, machine, true}}
	if err := boot.Give(files, true); err != nil {
		t.Fatal(err)
	}
	next := boot + 1000
	if err := next.Give(files, true); err != nil {
		t.Fatal(err)
	}
	want(t, disk, "+64055:+107 +64055:+107 1 1795553338")
	if err := (next + 1).TakeBack(files, true, LostToRoot); err != nil { // read a little differently
		t.Fatal(err)
	}
	want(t, disk, "+64055:+107")
}

func TestMalformedAttributes(t *testing.T) {
	disk := filepath.Join(folder(t, "disk"), "disk")
	for name, value := range map[string]string{attrUses: "many", attrBoot: "1795552338"} {
		if err := sys.SetXattr(disk, name, value); err != nil {
			t.Fatal(err)
		}
	}
	err := boot.Give([]File{{disk, machine, true}}, true)
	if err == nil || err.Error() != "malformed refcount many on "+disk {
		t.Errorf("%v", err)
	}
}

// Somebody else at the attributes of a file is waited for; files that nobody can write to remember nothing.
func TestLocks(t *testing.T) {
	dir := folder(t, "disk")
	disk := filepath.Join(dir, "disk")
	other, err := os.OpenFile(disk, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := sys.TryLockRange(other, lockOffset, lockLength); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- boot.Give([]File{{disk, machine, true}}, true) }()
	want(t, disk, "+4711:+4712")
	other.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
	want(t, disk, "+64055:+107 +4711:+4712 1 1795552338")

	if err := boot.Give([]File{{dir, machine, true}}, true); err != nil {
		t.Error(err)
	}
	want(t, dir, "+64055:+107")
}

func FuzzAttributes(f *testing.F) {
	path := filepath.Join(f.TempDir(), "disk")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		f.Fatal(err)
	}
	if err := sys.SetXattr(path, attrUses, "1"); err != nil {
		f.Skipf("needs root and extended attributes: %v", err)
	}
	f.Add("+0:+0", "1", "1795552338")
	f.Add("", "4294967295", "x")
	f.Fuzz(func(t *testing.T, owner, uses, stamp string) {
		for name, value := range map[string]string{attrOwner: owner, attrUses: uses, attrBoot: stamp} {
			if err := sys.SetXattr(path, name, value); err != nil && !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, syscall.E2BIG) {
				t.Skip(err)
			}
		}
		before, _ := boot.uses(path)
		_, last, err := boot.recall(path)
		if after, failed := boot.uses(path); err == nil && failed == nil && after != before-1 && !last {
			t.Errorf("%d uses, then %d", before, after)
		}
		if strings.Contains(owner, ":") && last && err == nil {
			if _, bad := account.ParseIDs(owner); bad != nil {
				t.Errorf("%q was an owner", owner)
			}
		}
	})
}
