// Package qmptest is a monitor for tests that follows a script: what to say
// first, which commands to expect, what to answer.
package qmptest
