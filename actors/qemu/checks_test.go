package qemu

import (
	"slices"
	"testing"
)

func TestSWTPMVersions(t *testing.T) {
	for text, want := range map[string][]string{
		`{ "type": "swtpm_setup", "features": [ "cmdarg-keyfile-fd", "tpm-2.0" ], "version": "0.7.1" }`: {"2.0"},
		`{ "features": [ "tpm-2.0", "tpm-1.2" ] }`:                                                      {"1.2", "2.0"},
		`{ "features": [] }`: nil,
		"usage: swtpm_setup": nil,
	} {
		if got := swtpmVersions([]byte(text)); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}
