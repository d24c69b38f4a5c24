package lockd

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"virtree.dev/internal/sys"
)

// note stands in the file of an exclusive lease that we made, which is empty
// where libvirt's daemon made it, and tells other hosts who holds it.
type note struct {
	Version int       `json:"virtlockd"`
	Host    string    `json:"host"`
	Domain  string    `json:"domain,omitempty"`
	UUID    string    `json:"uuid,omitempty"`
	PID     int       `json:"pid"`
	Since   time.Time `json:"since"`
}

const (
	noteVersion = 1
	noteLimit   = 4096
)

// notePrefix is how every note begins: what begins otherwise is not ours to write over.
var notePrefix = []byte(`{"virtlockd":`)

// noteTime is how a time is shown to people.
const noteTime = "2006-01-02 15:04:05-0700"

func (l *locks) noteOf(o *owner) note {
	n := note{Version: noteVersion, Host: l.host, Domain: o.Name, PID: o.PID, Since: o.Since}
	if o.UUID.Valid() {
		n.UUID = o.UUID.String()
	}
	return n
}

// String says who it is.
func (n *note) String() string {
	var b strings.Builder
	switch {
	case n.Domain != "" && n.PID > 0:
		fmt.Fprintf(&b, "domain '%s' (pid %d)", n.Domain, n.PID)
	case n.Domain != "":
		fmt.Fprintf(&b, "domain '%s'", n.Domain)
	default:
		fmt.Fprintf(&b, "process %d", n.PID)
	}
	if n.Host != "" {
		fmt.Fprintf(&b, " on host '%s'", n.Host)
	}
	if !n.Since.IsZero() {
		b.WriteString(" since " + n.Since.Format(noteTime))
	}
	return b.String()
}

// parseNote reads what stands in a lease.
func parseNote(b []byte) (n note, ok bool) {
	if !bytes.HasPrefix(b, notePrefix) || json.Unmarshal(b, &n) != nil {
		return note{}, false
	}
	clean := func(s string) string {
		return strings.Map(func(r rune) rune {
			if r < ' ' || r == 0x7f {
				return '?'
			}
			return r
		}, s)
	}
	n.Host, n.Domain = clean(n.Host), clean(n.Domain)
	return n, n.Version == noteVersion
}

// holders says who holds a resource of ours. l.mu is held.
func (l *locks) holders(r *resource) string {
	if len(r.owners) == 0 {
		return ""
	}
	n := l.noteOf(&r.owners[0])
	switch others := len(r.owners) - 1; others {
	case 0:
		return n.String()
	case 1:
		return n.String() + " and another one"
	default:
		return fmt.Sprintf("%s and %d others", n.String(), others)
	}
}

// stranger says who keeps us from the lock of a file that is open in r, as far
// as that can be known.
func (l *locks) stranger(r *resource) string {
	l.mu.Lock()
	holder := ""
	l.all(func(other *resource) { // the same file by another name
		if !other.busy && other.file == r.file && holder == "" {
			holder = l.holders(other)
		}
	})
	l.mu.Unlock()
	if holder != "" {
		return holder
	}
	if pid, held := r.lease.Holder(); held && pid > 0 {
		return l.process(pid)
	}
	if r.flags&autocreate == 0 {
		return "" // whatever is in the file is not for us
	}
	b := make([]byte, noteLimit)
	if size, err := r.lease.Read(b); err == nil {
		if n, ok := parseNote(bytes.TrimRight(b[:size], "\x00")); ok {
			return n.String()
		}
	}
	return ""
}

// process tells of a process of this host, by its number and name.
func (l *locks) process(pid int) string {
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	if err != nil {
		return "" // it is another host's number
	}
	return fmt.Sprintf("process %d (%s) on host '%s'", pid, bytes.TrimSpace(name), l.host)
}

// note puts a resource on the list of those that get a note, if it may have one. l.mu is held.
func (l *locks) note(r *resource) {
	if r.flags&(shared|autocreate) != autocreate || r.noted {
		return
	}
	if l.fresh = append(l.fresh, r); len(l.fresh) == 1 {
		l.rouse() // it comes for all of them
	}
}

// writeNotes writes the notes of resources of one lockspace. It is not done with
// every acquire: most that are held for a moment never need one.
func (l *locks) writeNotes(list []*resource) {
	for _, r := range list {
		l.mu.Lock()
		if r.busy || r.noted || r.space.resources[r.name] != r || len(r.owners) == 0 {
			l.mu.Unlock()
			continue
		}
		r.busy = true
		n := l.noteOf(&r.owners[0])
		l.mu.Unlock()
		noted := r.write(&n)
		l.mu.Lock()
		r.noted = noted
		r.settle()
		l.mu.Unlock()
	}
}

// write writes a note unless the file holds something else.
func (r *resource) write(n *note) bool {
	head := make([]byte, len(notePrefix))
	size, err := r.lease.Read(head)
	if err != nil || size > 0 && !bytes.HasPrefix(head[:size], notePrefix) {
		return false
	}
	b, err := json.Marshal(n)
	return err == nil && r.lease.Replace(append(b, '\n')) == nil
}

// blank takes away the note of a former holder, which is not true any more.
func (r *resource) blank(info sys.FileInfo) {
	head := make([]byte, len(notePrefix))
	if info.Size == 0 {
		return
	}
	if size, err := r.lease.Read(head); err == nil && bytes.HasPrefix(head[:size], notePrefix) {
		_ = r.lease.Replace(nil)
	}
}
