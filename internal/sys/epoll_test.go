package sys

import (
	"os"
	"testing"
)

// TestWakeAfterClose holds that a set that was closed writes into nobody's file: its
// number may be given to another one at once.
func TestWakeAfterClose(t *testing.T) {
	e, err := NewEpoll()
	if err != nil {
		t.Fatal(err)
	}
	wake := e.wake
	e.Close()
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for int(f.Fd()) < wake { // until the number is in use again
		next, err := os.CreateTemp(t.TempDir(), "")
		if err != nil {
			t.Fatal(err)
		}
		defer next.Close()
		f = next
	}
	e.Wake()
	e.Close()
	if st, err := f.Stat(); err != nil || st.Size() != 0 {
		t.Errorf("%d bytes in another's file, %v", st.Size(), err)
	}
	if err := e.Add(int(f.Fd()), Readable); err == nil {
		t.Error("a closed set took a descriptor")
	}
}
