package endpoint

import (
	"net/url"
	"slices"
	"strings"

	"virtree.dev/protocol/virerr"
)

// The transports of a URI that concern a host itself.
const (
	Unix = "unix"
	TLS  = "tls"
)

var transports = []string{TLS, Unix, "ssh", "libssh2", "ext", "tcp", "libssh"}

// URI is a connection URI, taken apart.
type URI struct {
	*url.URL
	Driver    string // "qemu"
	Transport string // one of libvirt's, in lower case
}

// Parse takes a URI apart. An error of the URI itself is a *url.Error.
func Parse(text string) (URI, error) {
	parsed, err := url.Parse(text)
	if err != nil {
		return URI{}, err
	}
	u := URI{URL: parsed}
	if parsed.Scheme == "" {
		return u, invalid("missing scheme for URI")
	}
	driver, transport, named := strings.Cut(parsed.Scheme, "+")
	u.Driver, u.Transport = driver, strings.ToLower(transport)
	switch {
	case !named && parsed.Host != "":
		u.Transport = TLS
	case !named:
		u.Transport = Unix
	case !slices.Contains(transports, u.Transport):
		return u, invalid("remote_open: transport in URL not recognised (should be tls|unix|ssh|ext|tcp|libssh2|libssh)")
	case u.Transport == Unix && parsed.Host != "":
		return u, invalid("using unix socket and remote server '%s' is not supported.", parsed.Host)
	}
	return u, nil
}

func invalid(format string, args ...any) error {
	return virerr.New(virerr.FromRemote, virerr.InvalidArg, format, args...)
}
