package keycode

import "testing"

func TestToQnum(t *testing.T) {
	tests := []struct {
		set  Set
		code uint32
		want int // -1: none
	}{
		{Linux, 1, 1},        // escape
		{Linux, 111, 0xd3},   // delete, behind an escape byte
		{USB, 41, 1},         // escape
		{ATSet2, 0x76, 1},    // escape
		{Win32, 0x1b, 1},     // escape
		{MacOS, 0, 30},       // A, whose number is 0 there
		{Linux, 122, 0x72},   // hangeul
		{Linux, 9999, -1},    // no key
		{Qnum, 0x1d, 0x1d},   // as it is
		{XTKbd, 0x153, 0xd3}, // delete
	}
	for _, tt := range tests {
		got, ok := ToQnum(tt.set, tt.code)
		if !ok {
			got = -1
		}
		if got != tt.want {
			t.Errorf("%s %d: %#x, want %#x", tt.set, tt.code, got, tt.want)
		}
	}
}
