package failpoint

import "testing"

func FuzzParse(f *testing.F) {
	f.Add("a=kill;b=2*off->sleep(5ms);c=error(words)")
	f.Add("a=99999999999*off->panic")
	f.Fuzz(func(t *testing.T, text string) {
		if set, err := Parse(text); err == nil && set == nil {
			t.Errorf("%q is neither wrong nor a set", text)
		}
	})
}
