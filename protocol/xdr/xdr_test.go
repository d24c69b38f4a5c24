package xdr

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"
)

func TestNumbers(t *testing.T) {
	b := AppendUint32(nil, 0xfffffffe)
	b = AppendInt32(b, -2)
	b = AppendUint64(b, 1<<63)
	b = AppendInt64(b, -3)
	b = AppendFloat64(b, -1.5)
	b = AppendBool(b, true)
	b = AppendBool(b, false)
	want := []byte("\xff\xff\xff\xfe" + "\xff\xff\xff\xfe" + "\x80\x00\x00\x00\x00\x00\x00\x00" +
		"\xff\xff\xff\xff\xff\xff\xff\xfd" + "\xbf\xf8\x00\x00\x00\x00\x00\x00" + "\x00\x00\x00\x01" + "\x00\x00\x00\x00")
	if !bytes.Equal(b, want) {
		t.Fatalf("%x instead of %x", b, want)
	}
	d := NewDecoder(b)
	if d.Uint32() != 0xfffffffe || d.Int32() != -2 || d.Uint64() != 1<<63 || d.Int64() != -3 || d.Float64() != -1.5 || !d.Bool() || d.Bool() {
		t.Error("a number became another")
	}
	if err := d.End(); err != nil {
		t.Error(err)
	}
}

func TestPadding(t *testing.T) {
	for n := range 9 {
		s := strings.Repeat("x", n)
		for _, b := range [][]byte{AppendString(nil, s), AppendOpaque(nil, []byte(s))} {
			if len(b) != 4+(n+3)/4*4 {
				t.Errorf("%d bytes take %d", n, len(b))
			}
			d := NewDecoder(append(b, 9))
			if got := d.String(n); got != s || d.Left() != 1 {
				t.Errorf("%q, %d left", got, d.Left())
			}
		}
	}
	d := NewDecoder([]byte{0, 0, 0, 1, 'x', 9, 9, 9}) // padding is not looked at
	if got := d.String(1); got != "x" || d.End() != nil {
		t.Error(got, d.Err())
	}
}

// As for those who read it in C, a string ends before a zero byte.
func TestStringsEndAtAZero(t *testing.T) {
	d := NewDecoder(AppendString(nil, "no\x00body"))
	if got := d.String(100); got != "no" || d.End() != nil {
		t.Errorf("%q, %v", got, d.Err())
	}
}

func TestAnythingButZeroIsTrue(t *testing.T) {
	d := NewDecoder([]byte{0, 0, 0, 2, 0x80, 0, 0, 0})
	for range 2 {
		if !d.Bool() || d.Err() != nil {
			t.Error(d.Err())
		}
	}
}

func TestBounds(t *testing.T) {
	for name, c := range map[string]struct {
		b    []byte
		read func(d *Decoder)
		want error
	}{
		"a number cut short":              {[]byte{0, 0, 0}, func(d *Decoder) { d.Uint32() }, ErrShort},
		"a hyper cut short":               {make([]byte, 7), func(d *Decoder) { d.Uint64() }, ErrShort},
		"a string over its bound":         {AppendString(nil, "four"), func(d *Decoder) { d.String(3) }, ErrTooLong},
		"a string longer than the rest":   {AppendUint32(nil, 9), func(d *Decoder) { d.String(100) }, ErrShort},
		"a string without its padding":    {[]byte{0, 0, 0, 1, 'x'}, func(d *Decoder) { d.String(100) }, ErrShort},
		"an array of billions":            {AppendUint32(nil, 0xffffffff), func(d *Decoder) { d.Len(1<<40, 1) }, ErrShort},
		"an array over its bound":         {AppendUint32(nil, 17), func(d *Decoder) { d.Len(16, 4) }, ErrTooLong},
		"an array longer than the rest":   {AppendUint32(nil, 16), func(d *Decoder) { d.Len(16, 4) }, ErrShort},
		"fixed bytes cut short":           {make([]byte, 15), func(d *Decoder) { d.Fixed(make([]byte, 16)) }, ErrShort},
		"strings over their bound":        {AppendStrings(nil, []string{"a", "b"}), func(d *Decoder) { d.Strings(1, 9) }, ErrTooLong},
		"a string among strings too long": {AppendStrings(nil, []string{"a", "bbb"}), func(d *Decoder) { d.Strings(2, 2) }, ErrTooLong},
		"a char out of range":             {AppendInt32(nil, 128), func(d *Decoder) { d.Int8() }, ErrInvalid},
		"an unsigned char out of range":   {AppendInt32(nil, -1), func(d *Decoder) { d.Uint8() }, ErrInvalid},
		"a short out of range":            {AppendInt32(nil, 1<<16), func(d *Decoder) { d.Uint16() }, ErrInvalid},
		"bytes left over":                 {make([]byte, 5), func(d *Decoder) { d.Uint32(); _ = d.End() }, ErrExtra},
	} {
		d := NewDecoder(c.b)
		if c.read(d); !errors.Is(d.Err(), c.want) {
			t.Errorf("%s: %v instead of %v", name, d.Err(), c.want)
		}
	}
}

func TestFirstErrorSticks(t *testing.T) {
	d := NewDecoder(AppendString(nil, "four"))
	d.String(3)
	first := d.Err()
	if d.Uint64() != 0 || d.String(9) != "" || d.OptString(9) != nil || len(d.Strings(9, 9)) != 0 || len(d.Opaque(9)) != 0 || !errors.Is(d.End(), first) {
		t.Error("something was read after an error, or it changed")
	}
	d.Reset(AppendUint32(nil, 7))
	if d.Uint32() != 7 || d.End() != nil {
		t.Error(d.Err())
	}
}

func TestOptionalStrings(t *testing.T) {
	empty := ""
	for _, v := range []*string{nil, &empty} {
		d := NewDecoder(AppendOptString(nil, v))
		got := d.OptString(9)
		if (got == nil) != (v == nil) || d.End() != nil {
			t.Error(got, d.Err())
		}
	}
}

// Whatever the bytes, no reader takes more memory than they could fill.
func FuzzDecoder(f *testing.F) {
	f.Add(AppendStrings(nil, []string{"a", "b"}))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		d := NewDecoder(b)
		if n := len(d.Strings(1<<30, 1<<30)); n > len(b)/4 {
			t.Errorf("%d strings in %d bytes", n, len(b))
		}
		d.Reset(b)
		if v := d.Opaque(1 << 30); len(v) > len(b) {
			t.Errorf("%d bytes in %d", len(v), len(b))
		}
		d.Reset(b)
		if v := d.Float64(); d.Err() == nil && math.Float64bits(v) == 0 && !bytes.Equal(b[:8], make([]byte, 8)) {
			t.Error(v)
		}
	})
}
