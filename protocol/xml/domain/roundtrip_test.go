package domain_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"virtree.dev/protocol/xml/domain"
)

// shared gives the folder of documents with known outcomes; it is not part of the repository.
func shared(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("VIRTREE_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "shared")
	}
	dir = filepath.Join(dir, "testdata")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no documents to read: %v", err)
	}
	return dir
}

func documents(t testing.TB, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(shared(t), pattern))
	if err != nil || len(files) == 0 {
		t.Skipf("no documents at %s (%v)", pattern, err)
	}
	return files
}

func read(t testing.TB, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// diff gives the first line in which two documents differ.
func diff(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(g), len(w)) {
		a, b := "(end)", "(end)"
		if i < len(g) {
			a = g[i]
		}
		if i < len(w) {
			b = w[i]
		}
		if a != b {
			return "\n got " + a + "\nwant " + b
		}
	}
	return ""
}

// What was once written must be read and written the same again, for every document there is.
func TestStable(t *testing.T) {
	for _, folder := range []string{
		"qemuxmlconfdata", "genericxml2xmlindata", "genericxml2xmloutdata", "bhyvexml2argvdata",
		"bhyvexml2xmloutdata", "lxcxml2xmldata", "libxlxml2domconfigdata", "domainschemadata",
	} {
		for _, file := range documents(t, filepath.Join(folder, "*.xml")) {
			for _, o := range []domain.ParseOptions{{Inactive: true, ABIUpdate: true, DefaultArch: "x86_64"}, {DefaultArch: "x86_64"}} {
				first, err := domain.Parse(read(t, file), o)
				if err != nil || first.Validate() != nil {
					continue // refused documents are another test's
				}
				secure := domain.FormatOptions{Secure: true, Inactive: o.Inactive}
				once := first.Format(secure)
				second, err := domain.Parse([]byte(once), o)
				if err != nil {
					t.Errorf("%s: what was written is refused: %v", filepath.Base(file), err)
					continue
				}
				if d := diff(second.Format(secure), once); d != "" {
					t.Errorf("%s:%s", filepath.Base(file), d)
				}
			}
		}
	}
}

// Documents libvirt itself wrote must come out as they are.
func TestFixedPoint(t *testing.T) {
	matched, total := 0, 0
	for _, file := range documents(t, "qemuxmlconfdata/*-latest.xml") {
		total++
		want := string(read(t, file))
		d, err := domain.Parse([]byte(want), domain.ParseOptions{Inactive: true})
		if err != nil {
			t.Logf("%s: %v", filepath.Base(file), err)
			continue
		}
		if x := diff(d.Format(domain.FormatOptions{Secure: true}), want); x != "" {
			t.Logf("%s:%s", filepath.Base(file), x)
			continue
		}
		matched++
	}
	t.Logf("%d of %d", matched, total)
	if matched*100 < total*fixedPointPercent {
		t.Errorf("only %d of %d documents of libvirt stay what they are", matched, total)
	}
}

// fixedPointPercent is what TestFixedPoint must not fall below.
const fixedPointPercent = 90
