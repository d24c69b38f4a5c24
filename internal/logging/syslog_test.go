package logging

import (
	"net"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"
)

func listenSyslog(t *testing.T, path string) *net.UnixConn {
	t.Helper()
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return c
}

func receive(t *testing.T, c *net.UnixConn) string {
	t.Helper()
	b := make([]byte, 4096)
	n, err := c.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(b[:n])
}

func TestSyslogDatagramsAreTheCLibrarys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	o := &syslogOutput{socket: path, ident: "virt"}
	r := &record{time: time.Date(2026, 11, 4, 21, 6, 37, 0, time.Local), priority: Error, function: "f", line: 3, text: "t"}
	o.write(r) // nobody listens: it is lost, and nothing else happens
	c := listenSyslog(t, path)
	for priority, number := range map[Priority]string{Debug: "31", Info: "30", Warning: "28", Error: "27"} {
		r.priority = priority
		o.write(r)
		want := `^<` + number + `>Nov  4 21:06:37 virt: \d+: ` + priority.String() + ` : f:3 : t\n$`
		if got := receive(t, c); !regexp.MustCompile(want).MatchString(got) {
			t.Errorf("%q does not match %s", got, want)
		}
	}
	c.Close()
	os.Remove(path)
	c = listenSyslog(t, path)
	o.write(r)
	if got := receive(t, c); got == "" {
		t.Error("nothing reaches a syslog that was restarted")
	}
	o.close()
}
