package command

import (
	"strings"
	"testing"
)

func TestText(t *testing.T) {
	got := (&Line{Env: []string{"LC_ALL=C", "A=b c"}, Argv: []string{"/usr/bin/qemu", "-name", "guest=d1", "-S", "-object", `{"id":"it's"}`, "-no-acpi"}}).Text()
	want := strings.Join([]string{
		`LC_ALL=C \`, `A='b c' \`, `/usr/bin/qemu \`, `-name guest=d1 \`, `-S \`,
		`-object '{"id":"it'\''s"}' \`, `-no-acpi`,
	}, "\n")
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}
