package uuid

import "testing"

func TestParse(t *testing.T) {
	const want = "c7a5fdbd-edaf-9455-926a-d65c16db1809"
	for _, text := range []string{want, "C7A5FDBDEDAF9455926AD65C16DB1809", " c7a5fdbd-edaf9455 926a-d65c16db1809\n"} {
		u, err := Parse(text)
		if err != nil || u.String() != want {
			t.Errorf("%q: %s, %v", text, u, err)
		}
	}
	for _, text := range []string{"", "c7a5", want + "0", "g7a5fdbd-edaf-9455-926a-d65c16db1809"} {
		if _, err := Parse(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}

func TestNew(t *testing.T) {
	u := New()
	if u == New() || !u.Valid() || u[6]>>4 != 4 || u[8]>>6 != 2 {
		t.Errorf("got %s", u)
	}
	if (UUID{}).Valid() {
		t.Error("the zero UUID counts as valid")
	}
}
