package main

import (
	"strings"
	"testing"
)

func run(lines ...string) (string, bool) {
	var b strings.Builder
	r := &report{out: &b, output: map[string][]string{}, skips: map[string]int{}}
	for _, l := range lines {
		r.line([]byte(l + "\n"))
	}
	ok := r.summary()
	return b.String(), ok
}

func TestCountsAndReasons(t *testing.T) {
	out, ok := run(
		`{"Action":"pass","Package":"p","Test":"A"}`,
		`{"Action":"output","Package":"p","Test":"B","Output":"    x_test.go:3: needs qemu\n"}`,
		`{"Action":"output","Package":"p","Test":"B","Output":"--- SKIP: B (0.00s)\n"}`,
		`{"Action":"skip","Package":"p","Test":"B"}`,
		`{"Action":"pass","Package":"p"}`,
	)
	if !ok || !strings.HasSuffix(out, "skipped   1: needs qemu\n1 passed, 0 failed, 1 skipped\n") {
		t.Errorf("%v\n%s", ok, out)
	}
}

func TestFailuresAreShown(t *testing.T) {
	out, ok := run(
		`{"Action":"output","Package":"p","Test":"A","Output":"broken here\n"}`,
		`{"Action":"fail","Package":"p","Test":"A"}`,
		`{"Action":"fail","Package":"p"}`,
	)
	if ok || !strings.Contains(out, "broken here") || !strings.HasSuffix(out, "0 passed, 1 failed, 0 skipped\n") {
		t.Errorf("%v\n%s", ok, out)
	}
}

func TestAPackageThatDoesNotBuildFails(t *testing.T) {
	out, ok := run(
		`{"Action":"pass","Package":"q","Test":"A"}`,
		`{"ImportPath":"p","Action":"build-output","Output":"x.go:1: no\n"}`,
		`{"Action":"fail","Package":"p","FailedBuild":"p"}`,
	)
	if ok || !strings.Contains(out, "x.go:1: no") || !strings.HasSuffix(out, "1 passed, 1 failed, 0 skipped\n") {
		t.Errorf("%v\n%s", ok, out)
	}
}

func TestNothingRunIsNoSuccess(t *testing.T) {
	if out, ok := run(); ok {
		t.Error(out)
	}
}
