package qemu

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"virtree.dev/config/qemuconf"
	"virtree.dev/protocol/virerr"
	xml "virtree.dev/protocol/xml/domain"
)

func TestBridgeHelperThatRefuses(t *testing.T) {
	helper := filepath.Join(t.TempDir(), "helper")
	for script, words := range map[string]string{
		"echo the bridge is closed >&2; exit 1": "stderr=the bridge is closed\n",
		"exit 0":                                "", // and no device
	} {
		if err := os.WriteFile(helper, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		s := &starter{ctx: t.Context(), drv: &Driver{config: &qemuconf.Config{}}}
		s.drv.config.Process.BridgeHelper = helper
		f, err := s.bridgeHelper(&xml.Interface{Source: xml.InterfaceSource{Bridge: "br7"}})
		var told *virerr.Error
		want := helper + " --br=br7 --fd=3: failed to communicate with bridge helper: " + words + ": Transport endpoint is not connected"
		if f != nil || !errors.As(err, &told) || told.Message != want || told.Int1 != int32(syscall.ENOTCONN) {
			t.Errorf("%s: %v\nwant %s", script, err, want)
		}
	}
}
