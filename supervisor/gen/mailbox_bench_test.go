package gen

import "testing"

func BenchmarkMailbox(b *testing.B) {
	box := newMailbox(0)
	b.ReportAllocs()
	for b.Loop() {
		for range 8 {
			if err := box.put(laneMain, b); err != nil {
				b.Fatal(err)
			}
		}
		for range 8 {
			box.take()
		}
	}
}
