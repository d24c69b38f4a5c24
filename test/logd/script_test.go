package logd

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"virtree.dev/protocol/logprog"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/wire"
	"virtree.dev/test/peer"
)

// TestAnswersAreDebians runs one script against both daemons.
func TestAnswersAreDebians(t *testing.T) {
	needDebian(t)
	for _, conf := range []string{"max_size = 3000\nmax_backups = 2\n", "max_size = 3000\nmax_backups = 0\n", "max_size = 0\n", "max_backups = 40\n"} {
		t.Run(strings.ReplaceAll(strings.TrimSpace(conf), "\n", ","), func(t *testing.T) {
			theirs, mine := runScript(t, debian, conf), runScript(t, ours(t), conf)
			for i := range max(len(theirs), len(mine)) {
				a, b := "nothing", "nothing"
				if i < len(theirs) {
					a = theirs[i]
				}
				if i < len(mine) {
					b = mine[i]
				}
				if a != b {
					t.Errorf("step %d:\ntheirs %s\nours   %s", i, a, b)
				}
			}
		})
	}
}

// script is a run of the script: what was answered, with names in place of what differs.
type script struct {
	d     *daemon
	c     *client
	lines []string
}

func runScript(t *testing.T, program, conf string) []string {
	d := start(t, program, conf)
	s := &script{d: d, c: d.dial()}
	s.errors()
	s.opens()
	s.rolls()
	s.frames()
	return s.lines
}

func (s *script) say(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	s.lines = append(s.lines, strings.ReplaceAll(text, s.d.Base, "BASE"))
}

func answer(err *virerr.Error) string {
	if err == nil {
		return "fine"
	}
	return fmt.Sprintf("%d/%d %q %q %q %q %d", err.Code, err.From, err.Message, err.Str1, err.Str2, err.Str3, err.Int1)
}

// place says of which file a place is: inodes are given again as the disk likes.
func (s *script) place(path string, p logprog.LogFilePosition) string {
	if p.Inode == 0 {
		return fmt.Sprintf("nowhere+%d", p.Offset)
	}
	name := "elsewhere"
	if st, err := os.Stat(path); err == nil && st.Sys().(*syscall.Stat_t).Ino == p.Inode {
		name = "there"
	}
	return fmt.Sprintf("%s+%d", name, p.Offset)
}

func (s *script) position(name string) logprog.LogFilePosition {
	p, err := s.c.position(s.d.log(name))
	s.say("position %s: %s, %s", name, s.place(s.d.log(name), p), answer(err))
	return p
}

func (s *script) read(name string, p logprog.LogFilePosition, length uint64, flags uint32) {
	var ret logprog.DomainReadLogFileRet
	path := s.d.log(name)
	if strings.HasPrefix(name, "/") {
		path = name
	}
	err := s.c.call(logprog.ProcDomainReadLogFile, &logprog.DomainReadLogFileArgs{Path: path, Pos: p, Maxlen: length, Flags: flags}, &ret)
	// Which inode a place has is no matter.
	text := strings.ReplaceAll(answer(err), fmt.Sprintf("inode %d ", p.Inode), "inode N ")
	s.say("read %s +%d: %q, %s", name, p.Offset, ret.Data, text)
}

func (s *script) append(name, text string, flags uint32) {
	args := &logprog.DomainAppendLogFileArgs{Driver: "qemu", Path: s.d.log(name), Message: text, Flags: flags}
	var ret logprog.DomainAppendLogFileRet
	err := s.c.call(logprog.ProcDomainAppendLogFile, args, &ret)
	s.say("append %s: %d, %s", name, ret.Ret, answer(err))
}

func (s *script) open(name string, flags uint32) *os.File {
	path := s.d.log(name)
	if strings.HasPrefix(name, "/") || name == "" {
		path = name
	}
	f, p, err := s.c.open(path, flags)
	s.say("open %s: %s, %s", name, s.place(path, p), answer(err))
	return f
}

func (s *script) files(name string) {
	for _, suffix := range []string{"", ".0", ".1", ".2", ".3"} {
		data, err := os.ReadFile(s.d.log(name) + suffix)
		if err == nil {
			s.say("%s%s: %d bytes, %.20q", name, suffix, len(data), data)
		}
	}
}

// errors are of what cannot be done.
func (s *script) errors() {
	s.position("none")
	s.read("none", logprog.LogFilePosition{Inode: 1}, 10, 0)
	s.read("none", logprog.LogFilePosition{}, logprog.StringMax+1, 0)
	s.read("none", logprog.LogFilePosition{}, 10, 3)
	s.append("none/deeper", "x", 0)
	s.append("flags", "x", 1)
	var ret logprog.DomainGetLogFilePositionRet
	s.say("%s", answer(s.c.call(logprog.ProcDomainGetLogFilePosition, &logprog.DomainGetLogFilePositionArgs{Path: "/x", Flags: 0xffffffff}, &ret)))
	s.open("none/deeper", 0)
	s.open("", 0)
	s.open(s.d.Path("logs"), 0)
	s.open(s.d.Path("logs"), 1)
	s.open("/proc/version", 0)
	s.read("/proc/none", logprog.LogFilePosition{Inode: 1}, 10, 0)
	if err := os.WriteFile(s.d.log("secret"), []byte("x"), 0); err != nil {
		s.c.T.Fatal(err)
	}
	s.read("secret", logprog.LogFilePosition{}, 10, 0)
	s.append("secret", "x", 0)
}

// opens are a log file's life.
func (s *script) opens() {
	pipe := s.open("vm", 0)
	if pipe == nil {
		return
	}
	s.open("vm", 0)
	s.open("vm", 1)
	fmt.Fprintf(pipe, "hello\n")
	s.position("vm")
	s.append("vm", "said\n", 0)
	s.append("vm", "cut\x00off", 0)
	first := s.position("vm")
	first.Offset = 0
	s.read("vm", first, 100, 0)
	s.read("vm", first, 0, 0)
	for _, offset := range []uint64{3, 1000, math.MaxInt64, math.MaxInt64 + 1, math.MaxUint64} {
		first.Offset = offset
		s.read("vm", first, 100, 0)
	}
	s.read("vm", logprog.LogFilePosition{Inode: 1, Offset: 2}, 100, 0)
	fmt.Fprintf(pipe, "zero\x00byte\n")
	s.position("vm")
	first.Offset = 0
	s.read("vm", first, 100, 0)
	s.append("alone", "first\n", 0)
	s.append("alone", "second\n", 0)
	s.files("alone")
	pipe.Close()
	peer.Eventually(s.c.T, "the log file is free", func() bool { _, err := s.c.position(s.d.log("vm")); return err != nil })
	s.position("vm")
	s.files("vm")
	if pipe = s.open("vm", 0); pipe != nil {
		pipe.Close()
	}
	s.open("other", 77)
}

// rolls are files that grow too long: by chunks that both daemons read alike.
func (s *script) rolls() {
	pipe := s.open("big", 0)
	if pipe == nil {
		return
	}
	var first logprog.LogFilePosition
	for i := range 40 {
		fmt.Fprintf(pipe, "%d %s\n", i, strings.Repeat("y", i*37%290))
		p := s.position("big")
		if i == 25 {
			first = p
		}
	}
	s.append("big", strings.Repeat("z", 700)+"\n"+strings.Repeat("w", 3500)+"\n", 0)
	s.position("big")
	s.files("big")
	s.read("big", first, 500, 0)
	s.read("big", logprog.LogFilePosition{Inode: 1, Offset: 7}, 500, 0)
	pipe.Close()
	peer.Eventually(s.c.T, "the log file is free", func() bool { _, err := s.c.position(s.d.log("big")); return err != nil })
	if pipe = s.open("big", 1); pipe != nil {
		defer pipe.Close()
	}
	s.files("big")
	matches, _ := filepath.Glob(s.d.Path("logs/*"))
	s.say("%d files", len(matches))
}

// frames are calls that are none.
func (s *script) frames() {
	for _, h := range []wire.Header{
		{Program: logprog.ID, Version: logprog.Version, Procedure: 0},
		{Program: logprog.ID, Version: logprog.Version, Procedure: 5},
		{Program: logprog.ID, Version: 2, Procedure: 1},
		{Program: logprog.ID + 1, Version: 1, Procedure: 1},
		{Program: logprog.ID, Version: logprog.Version, Procedure: 2},
	} {
		c := s.d.dial()
		h.Serial = 1
		c.SendRaw(h, nil)
		s.say("%v: %s", h, answer(c.Answer(nil)))
	}
}
