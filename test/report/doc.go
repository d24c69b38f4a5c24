// Report reads "go test -json" and prints what a person wants of it: a line a
// package, the output of what failed, why tests were skipped, and the counts.
// It exits with 1 when something failed.
package main
