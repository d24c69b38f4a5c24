package pattern

import "testing"

func TestMatch(t *testing.T) {
	for _, tt := range []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true}, {"*", "", true}, {"*", "abc", true}, {"a*c", "abbc", true}, {"a*c", "abb", false},
		{"a?c", "abc", true}, {"a?c", "ac", false}, {"*b*", "abc", true}, {"abc", "abcd", false}, {"**x", "yx", true},
	} {
		if Match(tt.pattern, tt.text) != tt.want {
			t.Errorf("%s against %s: want %t", tt.text, tt.pattern, tt.want)
		}
	}
}
