package schema

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"virtree.dev/internal/command"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/xmltree"
)

const note = `<element name="note" xmlns="http://relaxng.org/ns/structure/1.0">
  <interleave><element name="to"><text/></element><optional><element name="from"><text/></element></optional></interleave>
</element>
`

func TestValidate(t *testing.T) {
	if _, err := exec.LookPath("xmllint"); err != nil {
		t.Skip("needs xmllint (Debian: libxml2-utils)")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "note.rng")
	if err := os.WriteFile(file, []byte(note), 0o644); err != nil {
		t.Fatal(err)
	}
	v := Validator{Runner: command.Host{}, Folder: dir}
	for _, c := range []struct {
		schema, document string
		code             virerr.Code
		want             string
	}{
		{"note.rng", "<note><from>a</from><to>b</to></note>", 0, ""},
		{"note.rng", "<!DOCTYPE note SYSTEM 'file:///etc/passwd'>\n<note><to>b</to></note>", 0, ""},
		{"note.rng", "<note><to>b</to><when/></note>", virerr.XMLInvalidSchema, "XML document failed to validate against " +
			"schema: Unable to validate doc against " + file + "\nElement note has extra content: when\n"},
		{"none.rng", "<note/>", virerr.InternalError, "internal error: Unable to parse RelaxNG schema '" + dir +
			"/none.rng': xmlRelaxNGParse: could not load " + dir + "/none.rng\n"},
	} {
		root, err := xmltree.Parse([]byte(c.document), "")
		if err != nil {
			t.Fatal(err)
		}
		err = v.Validate(context.Background(), c.schema, root)
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", c.document, err)
			}
			continue
		}
		e := virerr.From(virerr.FromNone, err)
		if e == nil || e.Code != c.code || e.Message != c.want || e.From != virerr.FromXML {
			t.Errorf("%s: got %+v, want %q", c.document, e, c.want)
		}
	}
}

func TestWithoutValidator(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	err := Validator{Runner: command.Host{}, Folder: Folder}.Validate(context.Background(), "domain.rng", &xmltree.Node{Name: "domain"})
	if err == nil || !strings.Contains(err.Error(), "domain.rng': xmllint is not installed") {
		t.Error(err)
	}
}
