package daemon

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"go.uber.org/zap"

	"virtree.dev/config/conf"
)

// rule is a setting that does not count where systemd opened the sockets, and what does.
type rule struct {
	key, directive string
	units          []string // what follows the daemon's name
}

// ruled are the settings that systemd's socket units overrule.
var ruled = []rule{
	{"listen_tcp", "ListenStream=", []string{"-tcp.socket"}},
	{"listen_tls", "ListenStream=", []string{"-tls.socket"}},
	{"tcp_port", "ListenStream=", []string{"-tcp.socket"}},
	{"tls_port", "ListenStream=", []string{"-tls.socket"}},
	{"listen_addr", "ListenStream=", []string{"-tcp.socket", "-tls.socket"}},
	{"unix_sock_group", "SocketGroup=", []string{".socket", "-ro.socket", "-admin.socket"}},
	{"unix_sock_ro_perms", "SocketMode=", []string{"-ro.socket"}},
	{"unix_sock_rw_perms", "SocketMode=", []string{".socket"}},
	{"unix_sock_admin_perms", "SocketMode=", []string{"-admin.socket"}},
	{"unix_sock_dir", "ListenStream=", []string{".socket", "-ro.socket", "-admin.socket"}},
}

// rules says what rules in the place of a setting.
func (r rule) rules(daemon string) string {
	var units []string
	for _, u := range r.units {
		units = append(units, daemon+u)
	}
	last := len(units) - 1
	text := units[last]
	if last > 0 {
		text = strings.Join(units[:last], ", ") + " and " + text
	}
	return r.directive + " of " + text
}

// ports are the settings of daemons that listen on ports.
var ports = []string{
	"listen_tcp", "listen_tls", "tcp_port", "tls_port", "listen_addr", "auth_tcp", "auth_tls", "tcp_min_ssf", "key_file", "cert_file",
	"ca_file", "crl_file", "tls_no_verify_certificate", "tls_no_sanity_certificate", "tls_allowed_dn_list", "tls_priority",
}

// overruled gives a line for each setting of a file that does not count under systemd's sockets.
func overruled(s Spec, r *conf.Report) (lines []string) {
	for _, rule := range ruled {
		if line := r.Line(rule.key); line > 0 && (s.Listen || !ofPorts(rule.key)) {
			lines = append(lines, fmt.Sprintf("%s:%d: %s is ignored: %s rules", r.Path, line, rule.key, rule.rules(s.Name)))
		}
	}
	return lines
}

// tellOverruled logs what --check-config prints: systemd opened the sockets.
func (s *setup) tellOverruled() {
	if s.logger.Check(zap.InfoLevel, "") == nil {
		return // nobody would read it
	}
	path, implicit := s.configFile()
	for _, line := range overruled(s.spec, s.spec.Settings(s.dirs.Privileged).Check(path, implicit)) {
		s.logger.Info(line)
	}
}

func ofPorts(key string) bool {
	return slices.Contains(ports, key)
}

// writeRuled tells which settings of a file do not count, and why.
func writeRuled(w io.Writer, s Spec, r *conf.Report) {
	if !s.Listen {
		for _, key := range ports {
			if line := r.Line(key); line > 0 {
				fmt.Fprintf(w, "%s:%d: %s is ignored: %s listens on no port\n", r.Path, line, key, s.Name)
			}
		}
	}
	lines := overruled(s, r)
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(w, "When systemd opens the sockets of %s (systemctl is-active %s.socket):\n  %s\n", s.Name, s.Name, strings.Join(lines, "\n  "))
}
