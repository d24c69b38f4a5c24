package wire

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"virtree.dev/protocol/adminprog"
	"virtree.dev/protocol/keepalive"
	"virtree.dev/protocol/lxcprog"
	"virtree.dev/protocol/program"
	"virtree.dev/protocol/qemuprog"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/wire"
	"virtree.dev/protocol/wire/wiretest"
	"virtree.dev/protocol/xdr"
)

// exchange is something that a client does and what it hears.
type exchange struct {
	name    string
	run     func(s *script)
	differs string // why our answer is another one than libvirt's, "" if it is not
}

// script is a client that writes down what it hears.
type script struct {
	*wiretest.Client
	path  string
	lines []string
}

func (s *script) say(format string, args ...any) {
	s.lines = append(s.lines, fmt.Sprintf(format, args...))
}

// hear waits for frames. Workers answer in any order, so that it is sorted.
func (s *script) hear(n int) {
	s.T.Helper()
	var lines []string
	for range n {
		f, err := s.Next()
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			s.T.Errorf("waited in vain for a frame after %q", s.lines)
			lines = append(lines, "nothing")
		case err != nil:
			lines = append(lines, "closed")
		default:
			lines = append(lines, describe(&f))
			continue
		}
		break
	}
	slices.Sort(lines)
	s.lines = append(s.lines, lines...)
}

// end waits for the end of the connection.
func (s *script) end() {
	s.T.Helper()
	s.hear(1)
}

// alive makes sure that nothing more came and that the connection still serves.
func (s *script) alive() {
	s.T.Helper()
	h := s.Header(987654)
	h.Serial = 4242
	s.Send(h, nil)
	f, err := s.Next()
	if err == nil && f.Serial == 4242 {
		s.say("alive")
		return
	}
	if err != nil {
		s.say("closed")
		return
	}
	s.say("%s", describe(&f))
}

// call makes a call and hears the reply.
func (s *script) call(proc int32, args xdr.Value) {
	s.T.Helper()
	s.Send(s.Header(proc), args)
	s.hear(1)
}

// open opens the daemon's own URI without a word.
func (s *script) open() {
	s.T.Helper()
	s.Open("")
}

// again connects anew.
func (s *script) again() {
	s.T.Helper()
	s.Client = wiretest.Dial(s.T, s.path)
}

var programs = map[uint32]*program.Program{
	remote.ID: &remote.Program, qemuprog.ID: &qemuprog.Program, lxcprog.ID: &lxcprog.Program, keepalive.ID: &keepalive.Program, adminprog.ID: &adminprog.Program,
}

var (
	typeNames   = []string{"call", "reply", "message", "stream", "call-with-fds", "reply-with-fds", "hole"}
	statusNames = []string{"ok", "error", "continue"}
)

func nameOf(names []string, n uint32) string {
	if int(n) < len(names) {
		return names[n]
	}
	return fmt.Sprint(n)
}

// describe writes a frame in one line.
func describe(f *wiretest.Frame) string {
	prog := fmt.Sprint(f.Program)
	if p := programs[f.Program]; p != nil {
		prog = p.Name
	}
	head := fmt.Sprintf("%s %s/%d proc=%d serial=%d %s", nameOf(typeNames, uint32(f.Type)), prog, f.Version, f.Procedure, f.Serial, nameOf(statusNames, uint32(f.Status)))
	switch {
	case f.Status == wire.Error:
		return head + " " + describeError(f.Payload)
	case len(f.Payload) == 0:
		return head
	case f.Program == adminprog.ID:
		return head + " " + describeAdmin(f)
	case len(f.Payload) > 64:
		return fmt.Sprintf("%s %d bytes", head, len(f.Payload))
	}
	return head + " " + hex.EncodeToString(f.Payload)
}

func describeError(payload []byte) string {
	var e virerr.Error
	d := xdr.NewDecoder(payload)
	if e.DecodeXDR(d); d.End() != nil {
		return fmt.Sprintf("%v in %x", d.Err(), payload)
	}
	text := fmt.Sprintf("code=%d from=%d level=%d %q %q %q %q %d %d", e.Code, e.From, e.Level, e.Message, e.Str1, e.Str2, e.Str3, e.Int1, e.Int2)
	if e.Domain != nil {
		text += fmt.Sprintf(" domain=%+v", *e.Domain)
	}
	if e.Network != nil {
		text += fmt.Sprintf(" network=%+v", *e.Network)
	}
	return text
}

// perform makes an exchange over a connection of its own and gives its transcript.
func perform(t testing.TB, path string, x exchange) []string {
	t.Helper()
	s := &script{Client: wiretest.Dial(t, path), path: path}
	defer func() { s.Conn.Close() }()
	x.run(s)
	for i, l := range s.lines {
		s.lines[i] = folders.ReplaceAllString(l, "$$BASE")
	}
	return s.lines
}

// folders are those that peer makes, which no two runs share.
var folders = regexp.MustCompile(regexp.QuoteMeta(os.TempDir()) + `/vtpeer[0-9]+`)

func join(lines []string) string { return strings.Join(lines, "\n") }
