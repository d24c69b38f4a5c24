package death

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"virtree.dev/protocol/logprog"
	"virtree.dev/test/guest"
)

// openLog lets virtlogd open a log file, and gives the end of the pipe to write into.
func (s *supervised) openLog(name string) *os.File {
	h := s.host
	h.Helper()
	c := s.dial()
	defer c.Close()
	var ret logprog.DomainOpenLogFileRet
	args := &logprog.DomainOpenLogFileArgs{Driver: "qemu", Dom: logprog.Domain{Name: name, UUID: logprog.UUID{byte(len(name))}}, Path: h.log(name)}
	files, err := c.Call(context.Background(), &logprog.Program, logprog.ProcDomainOpenLogFile, args, &ret)
	h.must(err)
	if len(files) != 1 {
		h.Fatalf("%d files came for %s", len(files), name)
	}
	return files[0]
}

func (h *host) log(name string) string { return h.path("logs/" + name + ".log") }

// writer writes numbered lines until it is stopped.
type writer struct {
	name string
	pipe *os.File
	stop chan struct{}
	n    int
	sync.WaitGroup
}

func (s *supervised) write(name string) *writer {
	w := &writer{name: name, pipe: s.openLog(name), stop: make(chan struct{})}
	w.Add(1)
	go func() {
		defer w.Done()
		defer w.pipe.Close()
		for {
			select {
			case <-w.stop:
				return
			default:
			}
			if _, err := fmt.Fprintf(w.pipe, "%d %s\n", w.n, strings.Repeat("x", w.n%200)); err != nil {
				s.host.Errorf("line %d: %v", w.n, err)
				return
			}
			if w.n++; w.n%100 == 0 {
				time.Sleep(time.Millisecond) // hours of kills fill a disk
			}
		}
	}()
	return w
}

// check stops the writer and holds the log file against what it wrote.
func (w *writer) check(h *host) {
	h.Helper()
	close(w.stop)
	w.Wait()
	last := []byte(fmt.Sprintf("\n%d %s\n", w.n-1, strings.Repeat("x", (w.n-1)%200)))
	h.eventually("the last line of "+w.name+" is in the log", func() error {
		if !bytes.HasSuffix(append([]byte{'\n'}, whole(h.log(w.name))...), last) {
			return errNot
		}
		return nil
	})
	lines := strings.Split(strings.TrimSuffix(string(whole(h.log(w.name))), "\n"), "\n")
	for i, line := range lines {
		if line != fmt.Sprintf("%d %s", i, strings.Repeat("x", i%200)) {
			h.Fatalf("%s: line %d of %d is %.60q", w.name, i, w.n, line)
		}
	}
	if len(lines) != w.n {
		h.Errorf("%s: %d lines, want %d", w.name, len(lines), w.n)
	}
}

// whole is a log file with its backups, the oldest first.
func whole(path string) []byte {
	var all []byte
	for i := 32; i >= 0; i-- {
		data, _ := os.ReadFile(path + "." + strconv.Itoa(i))
		all = append(all, data...)
	}
	data, _ := os.ReadFile(path)
	return append(all, data...)
}

// machine is a QEMU whose guest counts on its serial line, into a pipe of virtlogd's.
type machine struct {
	name string
	cmd  *exec.Cmd
}

func (s *supervised) boot(name string) *machine {
	h := s.host
	h.Helper()
	disk := h.path(name + ".disk")
	sector, err := guest.BootSector()
	h.must(err)
	h.must(os.WriteFile(disk, sector, 0o600))
	pipe := s.openLog(name)
	defer pipe.Close()
	m := &machine{name, exec.Command(emulator, "-accel", "tcg", "-m", "16", "-nodefaults", "-display", "none",
		"-chardev", "file,id=s,path=/dev/stdout", "-serial", "chardev:s", "-drive", "format=raw,file="+disk)}
	m.cmd.Stdout, m.cmd.Stderr = pipe, pipe
	h.must(m.cmd.Start())
	h.Cleanup(func() {
		_ = m.cmd.Process.Kill()
		_ = m.cmd.Wait()
	})
	return m
}

const emulator = "qemu-system-x86_64"

// check holds what the guest said against how it counts: from 0 to 9, and again.
func (m *machine) check(h *host) {
	h.Helper()
	text := string(whole(h.log(m.name)))
	_, counted, found := strings.Cut(text, guest.Greeting+"\r\n")
	if !found {
		h.Fatalf("%s: the guest said %q", m.name, text)
	}
	lines := strings.Split(counted, "\r\n")
	for i, line := range lines[:len(lines)-1] { // the last one may not be finished
		if line != fmt.Sprintf("tick %d", i%10) {
			h.Fatalf("%s: line %d is %q", m.name, i, line)
		}
	}
	h.Logf("%s counted %d times", m.name, len(lines)-1)
}
