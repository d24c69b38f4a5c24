package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"virtree.dev/config/daemonconf"
	"virtree.dev/config/lockdconf"
	"virtree.dev/config/logdconf"
	"virtree.dev/config/qemuconf"
)

// An administrator who takes every # away gets a file that is right.
func TestSamplesAreValid(t *testing.T) {
	dir := t.TempDir()
	if err := write(dir); err != nil {
		t.Fatal(err)
	}
	assignment := regexp.MustCompile(`(?m)^#\w+ = `)
	readers := map[string]func(path string) ([]string, error){
		"libvirtd.conf":   func(p string) ([]string, error) { return daemonconf.New(true).LoadFile(p, false) },
		"virtqemud.conf":  func(p string) ([]string, error) { return daemonconf.New(true).LoadFile(p, false) },
		"virtlogd.conf":   func(p string) ([]string, error) { return logdconf.New(true).LoadFile(p, false) },
		"virtlockd.conf":  func(p string) ([]string, error) { return lockdconf.New(true).LoadFile(p, false) },
		"qemu.conf":       func(p string) ([]string, error) { return qemuconf.New(true).LoadFile(p) },
		"qemu-lockd.conf": func(p string) ([]string, error) { return lockdconf.NewPlugin().LoadFile(p) },
	}
	for name := range samples {
		path := filepath.Join(dir, name)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if line != "\n" && !strings.HasPrefix(line, "#") {
				t.Errorf("%s: %q is no comment", name, line)
			}
		}
		all := assignment.ReplaceAllFunc(text, func(m []byte) []byte {
			if strings.Contains(string(m), "x509_cert_dir") { // named folders must be there
				return m
			}
			return m[1:]
		})
		if string(all) == string(text) {
			t.Errorf("%s has no settings", name)
		}
		if err := os.WriteFile(path, all, 0o644); err != nil {
			t.Fatal(err)
		}
		notes, err := readers[name](path)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, n := range notes {
			if strings.Contains(n, "unknown") {
				t.Error(n)
			}
		}
	}
}
