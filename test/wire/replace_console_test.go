package wire

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"testing"

	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/wire"
	"virtree.dev/protocol/wire/wiretest"
	"virtree.dev/test/guest"
	"virtree.dev/test/peer"
)

var ticks = regexp.MustCompile(`tick (\d+)`)

// TestConsoleOutlivesReplacement listens to a guest that counts while its daemon
// is replaced: the stream goes on with the next number.
func TestConsoleOutlivesReplacement(t *testing.T) {
	needEmulator(t)
	d := peer.Start(t, peer.Options{Binary: peer.Build(t), Conf: "log_level = 2\n"})
	c := wiretest.Dial(t, d.Socket())
	c.Open("")
	var started remote.DomainCreateXMLRet
	if err := c.Call(remote.ProcDomainCreateXML, &remote.DomainCreateXMLArgs{XMLDesc: counter(t, d)}, &started); err != nil {
		t.Fatal(err)
	}
	h := c.Header(remote.ProcDomainOpenConsole)
	c.Send(h, &remote.DomainOpenConsoleArgs{Dom: started.Dom})
	if err := c.Answer(nil); err != nil {
		t.Fatal(err)
	}
	l := &listener{client: c, serial: h.Serial}
	last := l.tick(0)
	for i := range 3 {
		d.Replace(t, i+1)
		if next := l.tick(last + 1); next > last+1 {
			t.Errorf("after tick %d came tick %d", last, next)
		}
		last++
	}
}

// counter is a machine whose guest counts on its first serial port.
func counter(t *testing.T, d *peer.Daemon) string {
	t.Helper()
	sector, err := guest.BootSector()
	if err != nil {
		t.Fatal(err)
	}
	path := d.Path("files/counter.img")
	image := make([]byte, 1<<20) // the BIOS boots from no virtio disk of less than a cylinder
	copy(image, sector)
	if err := os.WriteFile(path, image, 0o644); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`<domain type='qemu'><name>counter</name><memory unit='MiB'>32</memory>
<os><type arch='x86_64' machine='pc'>hvm</type></os><devices><emulator>%s</emulator>
<disk type='file'><driver name='qemu' type='raw'/><source file='%s'/><target dev='vda' bus='virtio'/><readonly/></disk>
<serial type='pty'/><memballoon model='none'/></devices></domain>`, emulator, path)
}

// listener gathers what a console says.
type listener struct {
	client *wiretest.Client
	serial uint32
	text   []byte
}

// tick waits for a number or one above it, and gives the first that came.
func (l *listener) tick(atLeast int) int {
	l.client.T.Helper()
	for {
		for _, m := range ticks.FindAllSubmatch(l.text, -1) {
			if n, _ := strconv.Atoi(string(m[1])); n >= atLeast && m[1][len(m[1])-1] != l.text[len(l.text)-1] {
				return n
			}
		}
		f := l.client.Receive()
		if f.Serial != l.serial || f.Type != wire.Stream || f.Status != wire.Continue || len(f.Payload) == 0 {
			l.client.T.Fatalf("the console's stream ended: %+v", f.Header)
		}
		l.text = append(l.text, f.Payload...)
	}
}
