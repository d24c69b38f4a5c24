package daemon

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"virtree.dev/internal/sys"
)

// credentials are the files of a TLS server.
type credentials struct{ ca, cert, key string }

// checkListen refuses a --listen that cannot be kept. Without certificates it
// ends as libvirt's does; with them it says that this daemon cannot yet.
func (s *setup) checkListen(activated bool) error {
	switch {
	case !s.options.listen:
		return nil
	case activated:
		return errors.New("--listen parameter not permitted with systemd activation sockets, see 'man libvirtd' for further guidance")
	case s.config.ListenTCP:
		return errors.New("unsupported configuration: listen_tcp is set, and this daemon cannot serve TCP yet")
	case !s.config.ListenTLS:
		return nil
	}
	c, err := s.credentials()
	if err != nil {
		return err
	}
	for _, f := range []struct{ what, path string }{
		{"CA certificate", c.ca}, {"certificate", c.cert}, {"private key", c.key},
	} {
		if _, err := os.Stat(f.path); err != nil {
			return fmt.Errorf("Cannot read %s '%s': %w", f.what, f.path, sys.Errno(err))
		}
	}
	return errors.New("unsupported configuration: listen_tls is set, and this daemon cannot serve TLS yet")
}

// credentials are those of the configuration, or else of the usual places: the
// user's own in session mode, where all three are there.
func (s *setup) credentials() (credentials, error) {
	c := credentials{s.config.CAFile, s.config.CertFile, s.config.KeyFile}
	switch {
	case c == credentials{}:
		return usualCredentials(s.dirs.Privileged, os.Getenv("HOME")), nil
	case c.ca == "":
		return c, errors.New("unsupported configuration: No CA certificate path set to match server key/cert")
	case c.cert == "":
		return c, errors.New("unsupported configuration: No server certificate path set to match server key")
	case c.key == "":
		return c, errors.New("unsupported configuration: No server key path set to match server cert")
	}
	return c, nil
}

func usualCredentials(privileged bool, home string) credentials {
	own := filepath.Join(home, ".pki/libvirt")
	c := credentials{own + "/cacert.pem", own + "/servercert.pem", own + "/serverkey.pem"}
	if !privileged && exist(c.ca, c.cert, c.key) {
		return c
	}
	return credentials{"/etc/pki/CA/cacert.pem", "/etc/pki/libvirt/servercert.pem", "/etc/pki/libvirt/private/serverkey.pem"}
}

func exist(paths ...string) bool {
	for _, p := range paths {
		if _, err := os.Stat(p); err != nil {
			return false
		}
	}
	return true
}
