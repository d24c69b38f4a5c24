package qemuconf

import (
	"os"

	"virtree.dev/config/conf"
)

// pkiFolders begin the names of folders that have the certificates of one use.
const pkiFolders = "/etc/pki/libvirt-"

// byOthers is the effect of settings that others take their values from.
const byOthers = "uses of TLS that set nothing themselves"

// tlsUse is what TLS is used for: the beginning of its keys, and what holds when they are not set.
type tlsUse struct {
	name   string
	tls    *TLS
	verify bool // certificates of the other side
	secret bool // the key may be encrypted
}

func (c *Config) tlsUses() []tlsUse {
	return []tlsUse{
		{"vnc", &c.VNC.TLS, false, true},
		{"spice", &c.Spice.TLS, false, false},
		{"chardev", &c.ChardevTLS, true, true},
		{"migrate", &c.MigrateTLS, true, true},
		{"backup", &c.BackupTLS, true, true},
		{"vxhs", &c.VXHSTLS, false, true},
		{"nbd", &c.NBDTLS, false, true},
	}
}

// checkTLS wants the folders that are named to be there.
func (c *Config) checkTLS(f *conf.File) (wrong []error) {
	uses := append([]tlsUse{{name: "default", tls: &c.DefaultTLS}}, c.tlsUses()...)
	for _, u := range uses {
		key := u.name + "_tls_x509_cert_dir"
		if e, ok := f.Lookup(key); ok && missing(u.tls.CertDir) {
			wrong = append(wrong, f.Fail(conf.ErrSyntax, e, "%s directory '%s' does not exist", key, u.tls.CertDir))
		}
	}
	return wrong
}

// settleTLS fills in what is the same for all uses. A folder of its own has a key of its own.
func (c *Config) settleTLS() {
	for _, u := range c.tlsUses() {
		t := u.tls
		if t.CertDir == "" && t.SecretUUID == "" && u.secret {
			t.SecretUUID = c.DefaultTLS.SecretUUID
		}
		if own := pkiFolders + u.name; t.CertDir == "" && !missing(own) {
			t.CertDir = own
		}
		if t.CertDir == "" {
			t.CertDir = c.DefaultTLS.CertDir
		}
		if t.Verify == nil {
			t.Verify = c.DefaultTLS.Verify
		}
		if t.Verify == nil {
			t.Verify = &u.verify
		}
	}
}

func missing(path string) bool {
	_, err := os.Stat(path)
	return err != nil
}
