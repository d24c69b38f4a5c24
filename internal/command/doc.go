// Package command runs outside programs. Code that needs one takes a Runner, so
// that a test can give it a Recorder and compare exactly what would have run.
package command
