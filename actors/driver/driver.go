package driver

import (
	"encoding/json"
	"io"
	"net/url"
	"os"
	"regexp"

	"virtree.dev/actors/dispatch"
	"virtree.dev/protocol/program"
	"virtree.dev/protocol/virerr"
)

// Verdict is a driver's answer to a URI.
type Verdict uint8

// The verdicts.
const (
	Declined Verdict = iota // not mine
	Accepted
)

// Driver is one of the daemon's drivers.
type Driver interface {
	// Name is what CONNECT_GET_TYPE says: "QEMU".
	Name() string
	// Kind is whose procedures it answers.
	Kind() program.Owner
	// Open says whether it opens the URI for a session. An error means that
	// the URI is its own and wrong. Drivers other than hypervisors are asked
	// with the URI that a hypervisor driver accepted.
	Open(s *dispatch.Session, uri *url.URL) (Verdict, error)
	// Table has its handlers for a program, nil if it has none.
	Table(prog uint32) *dispatch.Table
}

// Default is a hypervisor driver that opens an empty URI.
type Default interface {
	// DefaultURI is what an empty URI stands for on this host, "" for nothing.
	DefaultURI() string
}

// SessionFreezer is a driver that keeps something for sessions or streams which
// lives through a re-exec.
type SessionFreezer interface {
	FreezeSession(s *dispatch.Session) (json.RawMessage, error) // nil: nothing
	ThawSession(s *dispatch.Session, state json.RawMessage) error
	// ThawStream gives nil for a kind that is not its own.
	ThawStream(kind string, state json.RawMessage, f *os.File) (io.ReadWriteCloser, error)
}

// Roster has the drivers of a daemon in the order in which they are asked.
type Roster []Driver

// programs that a driver may have handlers for.
var programs = []uint32{0x20008086, 0x20008087, 0x00068000}

// Open opens a URI for a session as libvirt's virConnectOpen does in the daemon,
// if admit lets the client have the driver that it chose.
func (r Roster) Open(s *dispatch.Session, name string, admit func(driver string) error) error {
	uri, hypervisor, err := r.choose(s, name)
	if err != nil {
		return err
	}
	if err := admit(hypervisor.Name()); err != nil {
		return err
	}
	tables := map[program.Owner]map[uint32]*dispatch.Table{program.Hypervisor: tablesOf(hypervisor)}
	for _, d := range r {
		if d.Kind() == program.Hypervisor || tables[d.Kind()] != nil {
			continue
		}
		v, err := d.Open(s, uri)
		if err != nil {
			return err
		}
		if v == Accepted {
			tables[d.Kind()] = tablesOf(d)
		}
	}
	s.Open(hypervisor.Name(), uri.String(), tables)
	return nil
}

func tablesOf(d Driver) map[uint32]*dispatch.Table {
	byProgram := map[uint32]*dispatch.Table{}
	for _, prog := range programs {
		if t := d.Table(prog); t != nil {
			byProgram[prog] = t
		}
	}
	return byProgram
}

// choose finds the hypervisor driver of a URI; the daemon's own where it is empty.
func (r Roster) choose(s *dispatch.Session, name string) (*url.URL, Driver, error) {
	if name == "" {
		name = r.defaultURI()
	}
	if name == "" {
		return nil, nil, virerr.New(virerr.FromNone, virerr.NoConnect, "")
	}
	uri, err := url.Parse(name)
	if err != nil || !wellFormed(name) {
		return nil, nil, virerr.New(virerr.FromURI, virerr.InternalError, "Unable to parse URI %s", name)
	}
	if uri.Scheme == "" {
		return nil, nil, virerr.New(virerr.FromNone, virerr.NoConnect, "URI '%s' does not include a driver name", name)
	}
	for _, d := range r {
		if d.Kind() != program.Hypervisor {
			continue
		}
		v, err := d.Open(s, uri)
		if err != nil {
			return nil, nil, err
		}
		if v == Accepted {
			return uri, d, nil
		}
	}
	return nil, nil, virerr.New(virerr.FromNone, virerr.NoConnect, "%s", name)
}

var characters = regexp.MustCompile(`^([A-Za-z0-9+.-]+:)?(//[^/?#]*)?([A-Za-z0-9._~:/?#@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*$`)

// wellFormed says whether a URI is made of the characters of RFC 3986, which
// libvirt's parser insists on and Go's does not.
func wellFormed(uri string) bool { return characters.MatchString(uri) }

func (r Roster) defaultURI() string {
	for _, d := range r {
		if d, ok := d.(Default); ok && d.DefaultURI() != "" {
			return d.DefaultURI()
		}
	}
	return ""
}
