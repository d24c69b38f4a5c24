package daemon

import (
	"errors"
	"os"
	"path/filepath"

	"virtree.dev/internal/tlscert"
)

// checkListen refuses --listen where systemd has opened the sockets.
func (s *setup) checkListen(activated bool) error {
	if s.options.listen && activated {
		return errors.New("--listen parameter not permitted with systemd activation sockets, see 'man libvirtd' for further guidance")
	}
	return nil
}

// certificates are those of a socket that speaks TLS; nil for others.
func (s *setup) certificates(k socket) (*tlscert.Store, error) {
	if !k.tls {
		return nil, nil
	}
	if s.tls != nil {
		return s.tls, nil
	}
	files, err := s.certificateFiles()
	if err != nil {
		return nil, err
	}
	c := s.config
	store, notes, err := tlscert.Open(files, tlscert.Policy{
		NoSanityCheck: c.TLSNoSanityCert, NoVerify: c.TLSNoVerifyCert,
		AllowedDN: c.TLSAllowedDNList, LimitDN: c.TLSAllowedDNList != nil, Priority: c.TLSPriority,
	})
	for _, n := range notes {
		s.logger.Warn(n)
	}
	if err != nil {
		return nil, err
	}
	s.tls = store
	return store, nil
}

// certificateFiles are those of the configuration, or else of the usual places:
// the user's own in session mode, where all three are there.
func (s *setup) certificateFiles() (tlscert.Files, error) {
	c := s.config
	f := tlscert.Files{CA: c.CAFile, Cert: c.CertFile, Key: c.KeyFile, CRL: c.CRLFile}
	switch {
	case f.CA == "" && f.Cert == "" && f.Key == "":
		return usualCertificates(s.dirs.Privileged, os.Getenv("HOME")), nil
	case f.CA == "":
		return f, errors.New("unsupported configuration: No CA certificate path set to match server key/cert")
	case f.Cert == "":
		return f, errors.New("unsupported configuration: No server certificate path set to match server key")
	case f.Key == "":
		return f, errors.New("unsupported configuration: No server key path set to match server cert")
	}
	return f, nil
}

func usualCertificates(privileged bool, home string) tlscert.Files {
	own := filepath.Join(home, ".pki/libvirt")
	f := tlscert.Files{CA: own + "/cacert.pem", Cert: own + "/servercert.pem", Key: own + "/serverkey.pem", CRL: own + "/cacrl.pem", CRLOptional: true}
	if !privileged && exist(f.CA, f.Cert, f.Key) {
		return f
	}
	const etc = "/etc/pki"
	return tlscert.Files{
		CA: etc + "/CA/cacert.pem", Cert: etc + "/libvirt/servercert.pem", Key: etc + "/libvirt/private/serverkey.pem",
		CRL: etc + "/CA/cacrl.pem", CRLOptional: true,
	}
}

func exist(paths ...string) bool {
	for _, p := range paths {
		if _, err := os.Stat(p); err != nil {
			return false
		}
	}
	return true
}
