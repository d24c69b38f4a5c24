package qemuconf

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTLSFallsBackToTheDefault(t *testing.T) {
	own, shared := t.TempDir(), t.TempDir()
	path := filepath.Join(t.TempDir(), "qemu.conf")
	text := `
default_tls_x509_cert_dir = "` + shared + `"
default_tls_x509_secret_uuid = "00000000-0000-0000-0000-000000000001"
vnc_tls_x509_cert_dir = "` + own + `"
chardev_tls_x509_verify = 0
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c := New(true)
	if _, err := c.LoadFile(path); err != nil {
		t.Fatal(err)
	}
	secret := c.DefaultTLS.SecretUUID
	for _, tt := range []struct {
		name        string
		tls         *TLS
		dir, secret string
		verify      bool
	}{
		{"vnc", &c.VNC.TLS, own, "", false}, // a folder of its own has a key of its own
		{"chardev", &c.ChardevTLS, shared, secret, false},
		{"migrate", &c.MigrateTLS, shared, secret, true},
		{"spice", &c.Spice.TLS, shared, "", false},
		{"nbd", &c.NBDTLS, shared, secret, false},
	} {
		if !missing(pkiFolders+tt.name) && tt.dir == shared {
			continue // this host has a folder of its own for it
		}
		if got := tt.tls; got.CertDir != tt.dir || got.SecretUUID != tt.secret || *got.Verify != tt.verify {
			t.Errorf("%s: %+v verify %v", tt.name, got, *got.Verify)
		}
	}
}

func TestTLSFoldersAreThere(t *testing.T) {
	_, _, err := load(t, `spice_tls_x509_cert_dir = "/nowhere"`)
	if err == nil || !strings.Contains(err.Error(), "spice_tls_x509_cert_dir directory '/nowhere' does not exist") {
		t.Errorf("got %v", err)
	}
}
