package logging

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/zap"
)

// inNamespace says that a test runs where /run is its own.
const inNamespace = "LOGGING_TEST_NAMESPACE"

// The journal listens in one place on a host, so the test makes a world of its
// own and runs itself there.
func TestJournalGetsLibvirtsFields(t *testing.T) {
	if os.Getenv(inNamespace) == "" {
		runInNamespace(t)
		return
	}
	if err := syscall.Mount("none", "/run", "tmpfs", 0, ""); err != nil {
		t.Skip("cannot mount in a name space:", err)
	}
	c := listenJournal(t)
	l := New("1.2.3")
	if err := l.SetOutputs("1:journald"); err != nil {
		t.Fatal(err)
	}
	l.Logger("util.error").Error("one\ntwo", zap.Int("domain", 10), zap.Int("code", 38))
	for _, text := range []string{"libvirt version: 1.2.3", ""} { // the host's name is what it is
		got := fields(t, c)
		if got["LIBVIRT_SOURCE"] != "util.log" || got["PRIORITY"] != "6" || text != "" && got["MESSAGE"] != text {
			t.Errorf("greeting: %v", got)
		}
	}
	got := fields(t, c)
	for name, want := range map[string]string{
		"MESSAGE": "one\ntwo", "PRIORITY": "3", "SYSLOG_FACILITY": "3", "LIBVIRT_SOURCE": "util.error",
		"LIBVIRT_DOMAIN": "10", "LIBVIRT_CODE": "38", "CODE_FUNC": "logging.TestJournalGetsLibvirtsFields",
	} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
	if got["CODE_FILE"] != "logging/journal_test.go" || got["CODE_LINE"] == "" {
		t.Errorf("place %s:%s", got["CODE_FILE"], got["CODE_LINE"])
	}
	long := strings.Repeat("x", 1<<20)
	l.Logger("x").Error(long)
	if got := fields(t, c); got["MESSAGE"] != long {
		t.Errorf("of a long message %d bytes arrived", len(got["MESSAGE"]))
	}
}

func runInNamespace(t *testing.T) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), inNamespace+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	var ended *exec.ExitError
	switch {
	case errors.As(err, &ended):
		t.Errorf("%s", out)
	case err != nil:
		t.Skip("needs user name spaces:", err)
	case bytes.Contains(out, []byte("--- SKIP")):
		t.Skipf("%s", out)
	}
}

func listenJournal(t *testing.T) *net.UnixConn {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(journalSocket), 0o755); err != nil {
		t.Fatal(err)
	}
	return listenSyslog(t, journalSocket)
}

// fields reads an entry, which comes in the datagram or in a file beside it.
func fields(t *testing.T, c *net.UnixConn) map[string]string {
	t.Helper()
	b, control := make([]byte, 1<<18), make([]byte, 64)
	n, controls, _, _, err := c.ReadMsgUnix(b, control)
	if err != nil {
		t.Fatal(err)
	}
	if controls > 0 {
		return parseEntry(t, passedFile(t, control[:controls]))
	}
	return parseEntry(t, b[:n])
}

func passedFile(t *testing.T, control []byte) []byte {
	t.Helper()
	messages, err := syscall.ParseSocketControlMessage(control)
	if err != nil || len(messages) != 1 {
		t.Fatal(len(messages), err)
	}
	fds, err := syscall.ParseUnixRights(&messages[0])
	if err != nil || len(fds) != 1 {
		t.Fatal(fds, err)
	}
	f := os.NewFile(uintptr(fds[0]), "entry")
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, info.Size())
	if _, err := f.ReadAt(b, 0); err != nil {
		t.Fatal(err)
	}
	return b
}

// parseEntry reads "NAME=value\n", and "NAME\n", eight bytes of length, value, "\n".
func parseEntry(t *testing.T, b []byte) map[string]string {
	t.Helper()
	m := make(map[string]string)
	for len(b) > 0 {
		line, rest, _ := bytes.Cut(b, []byte("\n"))
		name, value, plain := bytes.Cut(line, []byte("="))
		if !plain {
			n := binary.LittleEndian.Uint64(rest)
			value, rest = rest[8:8+n], rest[8+n+1:]
		}
		m[string(name)] = string(value)
		b = rest
	}
	return m
}
