package wire

import (
	"bytes"
	"errors"
	"testing"
)

func TestRoundTrip(t *testing.T) {
	want := Header{0x20008086, 1, -3, StreamHole, 77, Continue}
	b, err := Append(nil, want, &Hole{Length: 1 << 40, Flags: 1})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := Length(b); n != len(b) || err != nil {
		t.Fatal(n, err)
	}
	got, payload, err := Parse(b)
	if err != nil || got != want || len(payload) != 12 {
		t.Error(got, payload, err)
	}
}

func TestBadLengths(t *testing.T) {
	for _, c := range []struct {
		b    []byte
		want error
	}{
		{[]byte{0, 0, 0, 3}, ErrTooSmall},
		{[]byte{0, 0, 0, 4}, ErrHeader},
		{[]byte{2, 0, 0, 5}, ErrTooLarge},
		{[]byte{0xff, 0xff, 0xff, 0xff}, ErrTooLarge},
		{[]byte{0, 0, 0}, nil},
	} {
		if n, err := Length(c.b); n != 0 || !errors.Is(err, c.want) {
			t.Errorf("%v: %d, %v", c.b, n, err)
		}
	}
	if n, err := Length([]byte{0, 0, 0, 27}); n != 27 || err != nil {
		t.Error(n, err)
	}
	if _, _, err := Parse(make([]byte, 27)); !errors.Is(err, ErrHeader) {
		t.Error(err)
	}
	if n, err := Length([]byte{2, 0, 0, 4}); n != MaxFrame || err != nil {
		t.Error(n, err)
	}
}

func TestNumFDs(t *testing.T) {
	if _, _, err := NumFDs([]byte{0, 0, 0, 33}); err == nil {
		t.Error("33 fds were taken")
	}
	if n, rest, err := NumFDs([]byte{0, 0, 0, 32, 9}); n != 32 || !bytes.Equal(rest, []byte{9}) || err != nil {
		t.Error(n, rest, err)
	}
}

func FuzzFrame(f *testing.F) {
	b, _ := Append(nil, Header{Type: CallWithFDs}, &Hole{})
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := Length(b)
		if err != nil || n == 0 || n > len(b) {
			return
		}
		h, payload, err := Parse(b[:n])
		if err != nil {
			return
		}
		if again := AppendRaw(nil, h, payload); !bytes.Equal(again, b[:n]) {
			t.Errorf("%x became %x", b[:n], again)
		}
	})
}
