package daemon

import (
	"fmt"
	"io"
	"strings"
)

// checkLine is the one line of the help that libvirt's daemons do not have.
const checkLine = "     --check-config    Check all configuration files and exit"

// writeUsage prints the help in libvirt's form, of which its daemons of logs and
// locks have a variant.
func (s Spec) writeUsage(w io.Writer, argv0 string, privileged bool) {
	stop, colon := "", ""
	if s.OwnerOnly {
		stop, colon = ".", ":"
	}
	lines := []string{
		"-h | --help            Display program help" + colon,
		"-v | --verbose         Verbose messages" + stop,
		"-d | --daemon          Run as a daemon & write PID file" + stop,
	}
	if s.Listen {
		lines = append(lines, "-l | --listen          Listen for TCP/IP connections")
	}
	lines = append(lines,
		"-t | --timeout <secs>  Exit after timeout period"+stop,
		"-f | --config <file>   Configuration file"+stop,
		checkLine+stop,
		"-V | --version         Display version information"+stop,
		"-p | --pid-file <file> Change name of PID file"+stop,
	)
	fmt.Fprintf(w, "\nUsage:\n  %s [options]\n\nOptions:\n  %s\n\n%s:\n%s\n",
		argv0, strings.Join(lines, "\n  "), s.About, s.defaultPaths(privileged))
}

func (s Spec) defaultPaths(privileged bool) string {
	config, run, pid := "$XDG_CONFIG_HOME", "$XDG_RUNTIME_DIR", "$XDG_RUNTIME_DIR/libvirt"
	ca, cert, key := "$HOME/.pki/libvirt/cacert.pem", "$HOME/.pki/libvirt/servercert.pem", "$HOME/.pki/libvirt/serverkey.pem"
	if privileged {
		config, run, pid = "/etc", "/run", "/run"
		ca, cert, key = "/etc/pki/CA/cacert.pem", "/etc/pki/libvirt/servercert.pem", "/etc/pki/libvirt/private/serverkey.pem"
	}
	sockets := []string{fmt.Sprintf("%s/libvirt/%s-sock", run, s.SocketPrefix)}
	if privileged && s.ReadOnly {
		sockets = append(sockets, fmt.Sprintf("%s/libvirt/%s-sock-ro", run, s.SocketPrefix))
	}
	var b strings.Builder
	b.WriteString("\n  Default paths:\n")
	section := func(title string, lines ...string) {
		fmt.Fprintf(&b, "\n    %s\n      %s\n", title, strings.Join(lines, "\n      "))
	}
	section("Configuration file (unless overridden by -f):", fmt.Sprintf("%s/libvirt/%s.conf", config, s.Name))
	section("Sockets:", sockets...)
	if s.Listen {
		section("TLS:", "CA certificate: "+ca, "Server certificate: "+cert, "Server private key: "+key)
	}
	section("PID file (unless overridden by -p):", fmt.Sprintf("%s/%s.pid", pid, s.Name))
	return b.String()
}
