package sys

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
	"testing"
)

func TestErrnoReadsAsTheCLibrarys(t *testing.T) {
	_, err := os.Open("/nonexistent/file")
	got := Errno(err)
	if got.Error() != "No such file or directory" || !errors.Is(got, syscall.ENOENT) || !errors.Is(got, fs.ErrNotExist) {
		t.Errorf("%v", got)
	}
	if plain := errors.New("plain"); Errno(plain) != plain || Errno(nil) != nil { //nolint:errorlint // the very error
		t.Error("an error without an errno was changed")
	}
}
