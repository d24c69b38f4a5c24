package golden

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"virtree.dev/actors/qemu/defaults"
	"virtree.dev/protocol/xml/domain"
	"virtree.dev/protocol/xml/domstatus"
)

// TestGoldenStatus reads and writes the status documents of machines. Where there is
// only what should come out, that must come out of itself; where there is only what
// goes in, what comes out must come out again.
func TestGoldenStatus(t *testing.T) {
	const folder = "qemustatusxml2xmldata"
	cases := map[string]bool{}
	var names []string
	for _, file := range glob(t, folder, "*.xml") {
		name := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(file, ".xml"), "-in"), "-out")
		if !cases[name] {
			names = append(names, name)
		}
		cases[name] = true
	}
	score(t, folder, names, func(name string) result {
		text := func(suffix string) string {
			b, _ := os.ReadFile(filepath.Join(testdata(t), folder, name+suffix))
			return string(b)
		}
		in, out := text("-in.xml"), text("-out.xml")
		if in == "" {
			in = out
		}
		r := result{want: out}
		r.got, r.err = reformat(in)
		if out == "" {
			r.want = r.got
			if r.err == nil {
				r.got, r.err = reformat(r.want)
			}
		}
		return r
	})
}

func reformat(text string) (string, error) {
	s, err := domstatus.Parse([]byte(text), domain.ParseOptions{})
	if err != nil {
		return "", err
	}
	if err := defaults.Running(s.Domain, &defaults.Host{}); err != nil {
		return "", err
	}
	if s.MemoryBackingDir == "" { // older daemons did not write it
		s.MemoryBackingDir = fmt.Sprintf("/var/lib/libvirt/qemu/ram/%d-%s", s.Domain.ID, s.Domain.Name)
	}
	return s.Format(), nil
}
