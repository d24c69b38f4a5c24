package sys

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestAsUserHasAnothersAccess(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to become somebody else")
	}
	const somebody, theirs, group = 4711, 4712, 4713
	dir, err := os.MkdirTemp("", "as-user")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	shut, shared := filepath.Join(dir, "shut"), filepath.Join(dir, "shared")
	for path, mode := range map[string]os.FileMode{shut: 0o600, shared: 0o040} {
		if err := os.WriteFile(path, nil, mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chown(shared, 0, group); err != nil {
		t.Fatal(err)
	}
	read := func(path string) func() error {
		return func() error {
			_, err := os.ReadFile(path)
			return err
		}
	}
	alone := &syscall.Credential{Uid: somebody, Gid: theirs}
	member := &syscall.Credential{Uid: somebody, Gid: theirs, Groups: []uint32{group}}
	if err := AsUser(alone, read(shut)); !errors.Is(err, os.ErrPermission) {
		t.Errorf("another's file: %v", err)
	}
	if err := AsUser(alone, read(shared)); !errors.Is(err, os.ErrPermission) {
		t.Errorf("another group's file: %v", err)
	}
	if err := AsUser(member, read(shared)); err != nil {
		t.Errorf("a file of one of the groups: %v", err)
	}
	if err := read(shut)(); err != nil {
		t.Errorf("it stays so afterwards: %v", err)
	}
}
