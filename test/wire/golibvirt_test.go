package wire

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	libvirt "github.com/digitalocean/go-libvirt"
	"github.com/digitalocean/go-libvirt/socket/dialers"

	"virtree.dev/test/guest"
	"virtree.dev/test/peer"
)

// The client of another author: github.com/digitalocean/go-libvirt.
func connect(t *testing.T, path string) *libvirt.Libvirt {
	t.Helper()
	l := libvirt.NewWithDialer(dialers.NewLocal(dialers.WithSocket(path)))
	if err := l.ConnectToURI(libvirt.QEMUSession); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Disconnect() })
	return l
}

// speaker is a machine that greets on its console, with a disk and a screen.
func speaker(t *testing.T, d *peer.Daemon) string {
	t.Helper()
	sector, err := guest.BootSector()
	if err != nil {
		t.Fatal(err)
	}
	disk := d.Path("files/boot.img")
	if err := os.WriteFile(disk, append(sector, make([]byte, 1<<20)...), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(disk, 0o666); err != nil { // whoever runs the machine
		t.Fatal(err)
	}
	return fmt.Sprintf(`<domain type='qemu'><name>speaker</name><uuid>00000000-0000-4000-8000-000000000077</uuid>
<memory unit='MiB'>32</memory><os><type arch='x86_64' machine='pc'>hvm</type></os>
<devices><emulator>%s</emulator>
<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='%s'/><target dev='hda' bus='ide'/></disk>
<console type='pty'/><video><model type='vga'/></video><memballoon model='none'/></devices></domain>`,
		emulator, disk)
}

func TestGoLibvirt(t *testing.T) {
	needEmulator(t)
	each(t, func(t *testing.T, binary string) {
		d := peer.Start(t, peer.Options{Binary: binary})
		l := connect(t, d.Socket())
		t.Run("errors", func(t *testing.T) { wrongCalls(t, l) })
		heard := listen(t, l)
		dom, err := l.DomainDefineXMLFlags(speaker(t, d), libvirt.DomainDefineValidate)
		if err != nil {
			t.Fatal(err)
		}
		t.Run("lookups", func(t *testing.T) { lookups(t, l, dom) })
		t.Run("parameters", func(t *testing.T) { parameters(t, l, dom) })
		if dom, err = l.DomainCreateWithFlags(dom, 0); err != nil {
			t.Fatal(err)
		}
		t.Run("statistics", func(t *testing.T) { statistics(t, l, dom) })
		t.Run("streams", func(t *testing.T) { readStreams(t, d, l, dom) })
		if err := l.DomainUndefineFlags(dom, 0); err != nil {
			t.Error(err)
		}
		heard.await(t, "defined", "started", "stopped", "undefined")
	})
}

func wrongCalls(t *testing.T, l *libvirt.Libvirt) {
	_, err := l.DomainLookupByName("nobody")
	if !libvirt.IsNotFound(err) || err.Error() != "Domain not found: no domain with matching name 'nobody'" {
		t.Error(err)
	}
	for _, doc := range []string{"", "<domain/>", "nonsense"} {
		if _, err := l.DomainDefineXMLFlags(doc, 0); err == nil {
			t.Errorf("%q was taken", doc)
		}
	}
	var e libvirt.Error
	if _, err := l.DomainGetXMLDesc(libvirt.Domain{Name: "x"}, 1<<30); !errors.As(err, &e) {
		t.Error(err)
	}
}

func lookups(t *testing.T, l *libvirt.Libvirt, dom libvirt.Domain) {
	if got, err := l.DomainLookupByName("speaker"); err != nil || got != dom {
		t.Errorf("%+v %v", got, err)
	}
	if got, err := l.DomainLookupByUUID(dom.UUID); err != nil || got != dom {
		t.Errorf("%+v %v", got, err)
	}
	all, n, err := l.ConnectListAllDomains(1, libvirt.ConnectListDomainsInactive)
	if err != nil || n != 1 || len(all) != 1 || all[0] != dom {
		t.Errorf("%+v %d %v", all, n, err)
	}
	if _, n, err := l.ConnectListAllDomains(0, libvirt.ConnectListDomainsActive); err != nil || n != 0 {
		t.Error(n, err)
	}
	text, err := l.DomainGetXMLDesc(dom, libvirt.DomainXMLInactive)
	if err != nil || !strings.Contains(text, "<name>speaker</name>") {
		t.Error(text, err)
	}
	if uri, err := l.ConnectGetUri(); err != nil || uri != "qemu:///session" {
		t.Error(uri, err)
	}
	if name, err := l.ConnectGetHostname(); err != nil || name == "" {
		t.Error(name, err)
	}
}

// parameters sets typed parameters of several types and reads them back.
func parameters(t *testing.T, l *libvirt.Libvirt, dom libvirt.Domain) {
	set := []libvirt.TypedParam{
		{Field: "total_bytes_sec", Value: *libvirt.NewTypedParamValueUllong(1 << 20)},
		{Field: "group_name", Value: *libvirt.NewTypedParamValueString("together")},
	}
	if err := l.DomainSetBlockIOTune(dom, "hda", set, uint32(libvirt.DomainAffectConfig)); err != nil {
		t.Error(err)
	}
	got, _, err := l.DomainGetBlockIOTune(dom, libvirt.OptString{"hda"}, 32, uint32(libvirt.DomainAffectConfig)|4)
	if err != nil {
		t.Error(err)
	}
	for _, want := range set {
		if !has(got, want) {
			t.Errorf("%+v is not in %+v", want, got)
		}
	}
	on := libvirt.TypedParam{Field: "cpu_clock", Value: *libvirt.NewTypedParamValueBoolean(1)}
	off := libvirt.TypedParam{Field: "cpu_clock", Value: *libvirt.NewTypedParamValueBoolean(0)}
	if err := l.DomainSetPerfEvents(dom, []libvirt.TypedParam{on}, libvirt.DomainAffectConfig); err != nil {
		t.Error(err)
	}
	if got, err := l.DomainGetPerfEvents(dom, libvirt.DomainAffectConfig); err != nil || !has(got, on) {
		t.Errorf("%+v %v", got, err)
	}
	if err := l.DomainSetPerfEvents(dom, []libvirt.TypedParam{off}, libvirt.DomainAffectConfig); err != nil {
		t.Error(err)
	}
}

func has(list []libvirt.TypedParam, want libvirt.TypedParam) bool {
	for _, p := range list {
		if p.Field == want.Field && fmt.Sprint(p.Value.I) == fmt.Sprint(want.Value.I) {
			return true
		}
	}
	return false
}

func statistics(t *testing.T, l *libvirt.Libvirt, dom libvirt.Domain) {
	records, err := l.ConnectGetAllDomainStats([]libvirt.Domain{dom}, 0, 0)
	if err != nil || len(records) != 1 {
		t.Fatal(records, err)
	}
	seen := map[uint32]bool{}
	for _, p := range records[0].Params {
		seen[p.Value.D] = true
	}
	for name, kind := range map[string]uint32{"int": 1, "uint": 2, "ullong": 4, "string": 7} {
		if !seen[kind] {
			t.Errorf("no statistic of type %s", name)
		}
	}
	if state, _, err := l.DomainGetState(dom, 0); err != nil || state != int32(libvirt.DomainRunning) {
		t.Error(state, err)
	}
}

// until is a writer that closes a channel when it has seen some text.
type until struct {
	mu   sync.Mutex
	seen []byte
	text string
	done chan struct{}
}

func (u *until) Write(b []byte) (int, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	before := bytes.Contains(u.seen, []byte(u.text))
	u.seen = append(u.seen, b...)
	if !before && bytes.Contains(u.seen, []byte(u.text)) {
		close(u.done)
	}
	return len(b), nil
}

// readStreams reads the screen, which ends by itself, and the console, which
// ends with the machine.
func readStreams(t *testing.T, d *peer.Daemon, l *libvirt.Libvirt, dom libvirt.Domain) {
	var picture bytes.Buffer
	// The client looks for the reply in the last message of the stream, and so
	// reports an error although all has come.
	if _, err := l.DomainScreenshot(dom, &picture, 0, 0); picture.Len() < 1000 {
		t.Errorf("screenshot of %d bytes: %v", picture.Len(), err)
	}
	greeting := &until{text: "\n", done: make(chan struct{})}
	ended := make(chan error, 1)
	other := connect(t, d.Socket())
	go func() {
		ended <- other.DomainOpenConsole(dom, nil, greeting, uint32(libvirt.DomainConsoleForce))
	}()
	select {
	case <-greeting.done:
	case err := <-ended:
		t.Fatal("the console ended: ", err)
	case <-time.After(time.Minute):
		t.Fatalf("the guest said only %q", greeting.seen)
	}
	if err := l.DomainDestroy(dom); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Error("the console's end: ", err)
	}
}

// ears collect lifecycle events.
type ears struct {
	ch <-chan libvirt.DomainEventLifecycleMsg
}

func listen(t *testing.T, l *libvirt.Libvirt) ears {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	ch, err := l.LifecycleEvents(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return ears{ch}
}

var lifecycleNames = []string{"defined", "undefined", "started", "suspended", "resumed", "stopped", "shutdown", "pmsuspended", "crashed"}

// await wants these events in this order; others may come between.
func (e ears) await(t *testing.T, names ...string) {
	t.Helper()
	timeout := time.After(time.Minute)
	for len(names) > 0 {
		select {
		case m := <-e.ch:
			if name := lifecycleNames[m.Event]; name == names[0] && m.Dom.Name == "speaker" {
				names = names[1:]
			}
		case <-timeout:
			t.Fatalf("never heard %v", names)
		}
	}
}
