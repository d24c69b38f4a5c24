package gen_test

import (
	"context"
	"testing"
	"time"

	"virtree.dev/supervisor/gen"
)

func benchmarkServer(b *testing.B) gen.Ref {
	b.Helper()
	sys := gen.NewSystem()
	ref := start(b, sys, "s", &script{call: echo})
	b.Cleanup(func() { stop(b, sys, ref) })
	b.ReportAllocs()
	return ref
}

func BenchmarkCall(b *testing.B) {
	ref := benchmarkServer(b)
	for b.Loop() {
		if _, err := gen.Call(b.Context(), ref, ask{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCallWithDeadline(b *testing.B) {
	ref := benchmarkServer(b)
	for b.Loop() {
		ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
		if _, err := gen.Call(ctx, ref, ask{}); err != nil {
			b.Fatal(err)
		}
		cancel()
	}
}

func BenchmarkCallParallel(b *testing.B) {
	ref := benchmarkServer(b)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := gen.Call(context.Background(), ref, ask{}); err != nil {
				b.Error(err)
			}
		}
	})
}

func BenchmarkSend(b *testing.B) {
	ref := benchmarkServer(b)
	for b.Loop() {
		if err := gen.SendWait(b.Context(), ref, 1); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSpawnStop(b *testing.B) {
	sys := gen.NewSystem()
	child := gen.Child{Name: "s", New: func() gen.Behavior { return &script{} }}
	b.ReportAllocs()
	for b.Loop() {
		ref, err := sys.Start(child)
		if err != nil {
			b.Fatal(err)
		}
		if err := sys.Stop(ref, gen.Shutdown); err != nil {
			b.Fatal(err)
		}
	}
}

// A read of a published table is what most calls of the API cost.
func BenchmarkTableGet(b *testing.B) {
	var table gen.Table[int, int]
	for i := range 1000 {
		table.Put(i, i)
	}
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			table.Get(7)
		}
	})
}

func BenchmarkPublish(b *testing.B) {
	sys := gen.NewSystem()
	for range 100 {
		s := &script{init: func(p *gen.Process) error { return p.Subscribe("n") }}
		ref, err := sys.Start(gen.Child{Name: "s", New: func() gen.Behavior { return s }})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { stop(b, sys, ref) })
	}
	b.ReportAllocs()
	for b.Loop() {
		sys.Publish("n", 1)
	}
}
