package xdr

import "testing"

func BenchmarkString(b *testing.B) {
	encoded := AppendString(nil, "a name of the usual length")
	b.Run("append", func(b *testing.B) {
		buffer := make([]byte, 0, 64)
		b.ReportAllocs()
		for b.Loop() {
			buffer = AppendString(buffer[:0], "a name of the usual length")
		}
	})
	b.Run("decode", func(b *testing.B) {
		d := NewDecoder(encoded)
		b.ReportAllocs()
		for b.Loop() {
			d.Reset(encoded)
			if d.String(1<<20) == "" {
				b.Fatal(d.Err())
			}
		}
	})
}

func BenchmarkNumbers(b *testing.B) {
	buffer := make([]byte, 0, 64)
	d := NewDecoder(nil)
	b.ReportAllocs()
	for b.Loop() {
		buffer = AppendInt64(AppendUint32(buffer[:0], 7), -7)
		d.Reset(buffer)
		if d.Uint32() != 7 || d.Int64() != -7 {
			b.Fatal(d.Err())
		}
	}
}
