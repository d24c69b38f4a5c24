package command

import (
	"testing"

	"virtree.dev/protocol/xml/domain"
)

// What the document's reader takes, the command line must not turn into zero.
func TestOverrideValue(t *testing.T) {
	for _, c := range []struct {
		kind, text string
		want       any
	}{
		{"signed", " -5", int64(-5)}, {"signed", "+7", int64(7)}, {"unsigned", " 9", uint64(9)},
		{"bool", "true", true}, {"string", "05", "05"},
	} {
		if got := overrideValue(&domain.OverrideProperty{Type: c.kind, Value: c.text}); got != c.want {
			t.Errorf("%s %q: %v, want %v", c.kind, c.text, got, c.want)
		}
	}
}
