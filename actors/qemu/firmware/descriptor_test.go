package firmware

import (
	"os"
	"path/filepath"
	"testing"
)

const secure = `{"interface-types":["uefi"],
 "mapping":{"device":"flash","executable":{"filename":"/c.fd","format":"raw"},"nvram-template":{"filename":"/v.fd","format":"raw"}},
 "targets":[{"architecture":"x86_64","machines":["pc-q35-*"]}],"features":["secure-boot","requires-smm"],"tags":[]}`

func TestParse(t *testing.T) {
	d, err := Parse([]byte(secure))
	if err != nil {
		t.Fatal(err)
	}
	if d.Mode != "split" || d.Template.Filename != "/v.fd" || !d.Has("secure-boot") || d.Has("amd-sev") {
		t.Errorf("%+v", d)
	}
	if !d.Fits("x86_64", "pc-q35-9.0") || d.Fits("x86_64", "pc-i440fx-9.0") || d.Fits("aarch64", "pc-q35-9.0") {
		t.Error("wrong machines fit")
	}
	if _, err := Parse([]byte(`{"mapping":{"device":"tape"}}`)); err == nil {
		t.Error("an unknown mapping was taken")
	}
}

func TestStrongerFolderHides(t *testing.T) {
	etc, usr := t.TempDir(), t.TempDir()
	put := func(dir, name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(usr, "50-b.json", secure)
	put(usr, "40-a.json", secure)
	put(usr, "60-c.json", secure)
	put(etc, "50-b.json", "")
	put(etc, "60-c.json", "{")
	warned := 0
	got := Load(func(error) { warned++ }, etc, usr)
	if len(got) != 1 || filepath.Base(got[0].Path) != "40-a.json" || warned != 1 {
		t.Errorf("%d warnings, %+v", warned, got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(secure))
	f.Fuzz(func(_ *testing.T, text []byte) {
		if d, err := Parse(text); err == nil {
			d.Fits("x86_64", "pc-q35-9.0")
		}
	})
}
