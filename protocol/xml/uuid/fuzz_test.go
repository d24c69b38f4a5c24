package uuid

import "testing"

func FuzzParse(f *testing.F) {
	f.Add("00000000-0000-4000-8000-0000000000aa")
	f.Add(" 0000000000004000800000000000 00AA ")
	f.Add("nope")
	f.Fuzz(func(t *testing.T, text string) {
		u, err := Parse(text)
		if err != nil {
			return
		}
		if again, err := Parse(u.String()); err != nil || again != u {
			t.Errorf("%q became %s, then %s (%v)", text, u, again, err)
		}
	})
}
