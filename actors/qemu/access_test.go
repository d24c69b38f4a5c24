package qemu

import "testing"

func TestEveryHandlerCanBeAskedAbout(t *testing.T) {
	d := &Driver{}
	if names := append(d.remoteTable().Unaskable(), d.qemuTable().Unaskable()...); len(names) > 0 {
		t.Errorf("nobody can tell which domain these are about: %q", names)
	}
}
