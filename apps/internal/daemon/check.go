package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"

	"virtree.dev/config/conf"
	"virtree.dev/internal/logging"
	"virtree.dev/internal/tlscert"
)

// checkConfig is --check-config: it tells every mistake in the daemon's configuration files,
// and which of their settings systemd's units overrule. It gives the exit code.
func (s *setup) checkConfig(w io.Writer) int {
	s.settings = s.spec.Settings(s.dirs.Privileged)
	s.config = s.settings.Daemon()
	path, implicit := s.configFile()
	own := s.settings.Check(path, implicit)
	s.checkValues(own)
	reports := []*conf.Report{own}
	if s.spec.Check != nil {
		reports = append(reports, s.spec.Check(s.dirs)...)
	}
	mistakes := 0
	for _, r := range reports {
		mistakes += len(r.Mistakes)
		writeReport(w, r)
	}
	writeRuled(w, s.spec, own)
	if mistakes > 0 {
		fmt.Fprintf(w, "%s: mistakes in its settings: %d\n", s.spec.Name, mistakes)
		return exitFailure
	}
	return 0
}

// writeReport tells of one file.
func writeReport(w io.Writer, r *conf.Report) {
	switch {
	case r.Missing:
		fmt.Fprintf(w, "%s: there is none, the defaults hold\n", r.Path)
		return
	case len(r.Mistakes) == 0:
		fmt.Fprintf(w, "%s: sound\n", r.Path)
	}
	for _, m := range r.Sorted() {
		at := r.Path
		if m.Line > 0 {
			at = fmt.Sprintf("%s:%d", r.Path, m.Line)
		}
		fmt.Fprintf(w, "%s: %s; %s\n", at, m.Text, m.Remedy)
	}
	for _, n := range r.Notes {
		fmt.Fprintln(w, n)
	}
}

// checkValues looks at what only a start would find out.
func (s *setup) checkValues(r *conf.Report) {
	for _, look := range []func(*conf.Report){s.checkLogValues, s.checkSocketValues, s.checkPortValues, s.checkHost, s.checkCertificates, s.checkLimits} {
		look(r)
	}
}

func (s *setup) checkLogValues(r *conf.Report) {
	c := s.config
	if err := logging.CheckLevel(c.LogLevel); err != nil {
		r.Blame("log_level", err, "write 1 (debug), 2 (info), 3 (warning) or 4 (error)")
	}
	for _, err := range logging.CheckFilters(c.LogFilters) {
		r.Blame("log_filters", errors.New("log_filters: "+err.Error()), `write LEVEL:SOURCE with blanks between, as "1:qemu 3:rpc"`)
	}
	for _, err := range logging.CheckOutputs(c.LogOutputs) {
		r.Blame("log_outputs", errors.New("log_outputs: "+err.Error()),
			`write LEVEL:stderr, LEVEL:journald, LEVEL:file:PATH or LEVEL:syslog:NAME, as "1:file:/var/log/libvirt/`+s.spec.Name+`.log"`)
	}
}

func (s *setup) checkSocketValues(r *conf.Report) {
	c := s.config
	if _, err := groupID(c.UnixSockGroup); err != nil {
		r.Blame("unix_sock_group", err, "name a group that getent group knows")
	}
	for key, perms := range map[string]string{
		"unix_sock_ro_perms": c.UnixSockROPerms, "unix_sock_rw_perms": c.UnixSockRWPerms, "unix_sock_admin_perms": c.UnixSockAdminPerms,
	} {
		if _, err := parseMode(perms); err != nil {
			r.Blame(key, err, `write an octal mode in quotes, as "0770"`)
		}
	}
	if dir := c.UnixSockDir; dir != "" {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			r.Blame("unix_sock_dir", fmt.Errorf("there is no folder '%s'", dir), "make it, or name another")
		}
	}
}

func (s *setup) checkPortValues(r *conf.Report) {
	if !s.spec.Listen {
		return
	}
	c := s.config
	for key, port := range map[string]string{"tcp_port": c.TCPPort, "tls_port": c.TLSPort} {
		if _, err := net.LookupPort("tcp", port); err != nil {
			r.Blame(key, fmt.Errorf("there is no port '%s'", port), `write a number from 1 to 65535 in quotes, or a name of /etc/services`)
		}
	}
	if c.ListenAddr == "" {
		return
	}
	if _, err := net.DefaultResolver.LookupNetIP(context.Background(), "ip", c.ListenAddr); err != nil {
		r.Blame("listen_addr", fmt.Errorf("nobody knows the address of '%s'", c.ListenAddr), "write an address of this host, or a name that getent ahosts knows")
	}
}

// checkHost looks at the values of the host's identity and of who may call what.
func (s *setup) checkHost(r *conf.Report) {
	if _, err := hostUUID(s.config); err != nil {
		key, remedy := "host_uuid", "write the output of uuidgen in quotes; not all digits may be the same"
		if s.config.HostUUID == "" {
			key, remedy = "host_uuid_source", `write "smbios" or "machine-id"`
		}
		r.Blame(key, err, remedy)
	}
	if err := s.checkAccessDrivers(); err != nil {
		r.Blame("access_drivers", err, "name one that there is, or take the line out")
	}
}

func (s *setup) checkLimits(r *conf.Report) {
	if c := s.config; c.Server.MaxClients < c.MaxAnonymousClients {
		r.Blame("max_anonymous_clients", fmt.Errorf("max_anonymous_clients is %d and max_clients %d", c.MaxAnonymousClients, c.Server.MaxClients),
			"make max_clients as great as max_anonymous_clients at least")
	}
}

// checkCertificates looks at the files of TLS that are named.
func (s *setup) checkCertificates(r *conf.Report) {
	c := s.config
	if err := tlscert.CheckPriority(c.TLSPriority); c.TLSPriority != "" && err != nil {
		r.Blame("tls_priority", err, `write "NORMAL", or versions as "NORMAL:-VERS-TLS1.2"`)
	}
	keys := []struct{ key, path string }{
		{"ca_file", c.CAFile}, {"cert_file", c.CertFile}, {"key_file", c.KeyFile}, {"crl_file", c.CRLFile},
	}
	readable := true
	for _, k := range keys {
		if k.path == "" {
			continue
		}
		f, err := os.Open(k.path)
		if err != nil {
			readable = false
			r.Blame(k.key, err, "make a file there that the daemon can read, or name another")
			continue
		}
		f.Close()
	}
	set := slices.IndexFunc(keys[:3], func(k struct{ key, path string }) bool { return k.path != "" })
	if set < 0 {
		return
	}
	files, err := s.certificateFiles()
	if err != nil {
		r.Blame(keys[set].key, err, "set ca_file, cert_file and key_file, or none of them")
		return
	}
	if !readable {
		return
	}
	if _, _, err := tlscert.Load(files, tlscert.Policy{NoSanityCheck: c.TLSNoSanityCert}); err != nil {
		key := "cert_file"
		for _, k := range keys {
			if k.path != "" && strings.Contains(err.Error(), k.path) {
				key = k.key
			}
		}
		r.Blame(key, err, "put a certificate or key in PEM there that can be used")
	}
}
