package cpuset

import "testing"

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"0":                "0",
		"1-3,5":            "1-3,5",
		"0-7,^2":           "0-1,3-7",
		" 3 , 1 - 2 ":      "1-3",
		"63,64,65,128-130": "63-65,128-130",
		"0-3,^0,^1,^2,^3":  "",
		"^1":               "",
		"1,^2":             "1",
	} {
		s, err := Parse(text)
		if err != nil || s.String() != want {
			t.Errorf("%q: %q, %v", text, s, err)
		}
	}
	for _, text := range []string{"", "a", "3-1", "0-16384", "1-", "-1", "1,,2", ",", "^ 1", "0-3,^1-2", "99999999999"} {
		if s, err := Parse(text); err == nil {
			t.Errorf("%q was taken as %s", text, s)
		}
	}
}

func TestSet(t *testing.T) {
	a, b := Of(0, 64, 65), Of(65)
	switch {
	case !a.Overlaps(b), !b.Within(a), a.Within(b), a.Equal(b), a.Last() != 65, a.Count() != 3, a.Empty():
		t.Errorf("%s, %s", a, b)
	}
	c := a.Clone()
	c.Remove(0)
	if !a.Has(0) || c.Has(0) || c.Has(-1) || (*Set)(nil).Has(1) || (*Set)(nil).Clone() != nil {
		t.Error("members are wrong")
	}
	if c.Union(Of(3)); c.String() != "3,64-65" {
		t.Errorf("union is %s", c)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("0-3,^2,8")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse(text)
		if err != nil || s.Empty() {
			return
		}
		again, err := Parse(s.String())
		if err != nil || !again.Equal(s) {
			t.Fatalf("%q became %s, then %s (%v)", text, s, again, err)
		}
	})
}
