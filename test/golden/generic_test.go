package golden

import (
	"os"
	"path/filepath"
	"testing"

	"virtree.dev/protocol/xml/domain"
)

// genericRefused are the documents that are there to be refused.
var genericRefused = map[string]bool{
	"cachetune-colliding-monitor.xml":          true,
	"chardev-tcp-multiple-source.xml":          true,
	"chardev-udp-missing-connect-service.xml":  true,
	"chardev-unix-redirdev-missing-path.xml":   true,
	"chardev-unix-smartcard-missing-path.xml":  true,
	"graphics-listen-back-compat-mismatch.xml": true,
	"name-slash-fail.xml":                      true,
}

// genericActive are the documents of running machines.
var genericActive = map[string]bool{"cachetune.xml": true}

// TestGoldenGeneric reads and writes documents as a driver without any features does.
func TestGoldenGeneric(t *testing.T) {
	const in, out = "genericxml2xmlindata", "genericxml2xmloutdata"
	score(t, "genericxml2xml", glob(t, in, "*.xml"), func(name string) result {
		want := read(t, in, name)
		r := result{want: string(want), refused: genericRefused[name]}
		if b, err := os.ReadFile(filepath.Join(testdata(t), out, name)); err == nil {
			r.want = string(b)
		}
		inactive := !genericActive[name]
		d, err := domain.Parse(want, domain.ParseOptions{Inactive: inactive, DefaultArch: "x86_64"})
		if err == nil {
			err = d.Validate()
		}
		if r.err = err; err == nil {
			plainMACs(d)
			r.got = d.Format(domain.FormatOptions{Secure: true, Inactive: inactive})
		}
		return r
	})
}

// plainMACs gives addresses that were made up what libvirt's tests make up.
func plainMACs(d *domain.Domain) {
	for _, i := range d.Devices.Interfaces {
		if i.MACGenerated {
			i.MAC = "52:54:00:00:00:00"
		}
	}
}
