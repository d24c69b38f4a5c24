package main

import (
	"errors"
	"os"
	"testing"

	"virtree.dev/apps/internal/daemon/cstate"
)

const oneFile = `{"pipefd":17,"path":"/var/log/libvirt/qemu/vm.log","driver":"qemu","domname":"vm","domuuid":"c7a5fdbd-edaf-9455-926a-d65c16db1809"}`

func object(t testing.TB, text string) cstate.Object {
	t.Helper()
	o, ok := cstate.ParseObject([]byte(text))
	if !ok {
		t.Fatal(text)
	}
	return o
}

// lend gives a file for a descriptor that is expected.
func lend(t testing.TB, want int) open {
	return func(fd int, _ string) (*os.File, error) {
		if fd != want {
			return nil, errors.New("closed")
		}
		f, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f, nil
	}
}

func TestFilesOfLibvirtsDaemon(t *testing.T) {
	files, failures, err := readFiles(object(t, `{"handler":{"files":[`+oneFile+`]}}`), lend(t, 17))
	if err != nil || len(failures) > 0 || len(files) != 1 {
		t.Fatalf("%v, %v, %v", files, failures, err)
	}
	f := files[0]
	if f.Path != "/var/log/libvirt/qemu/vm.log" || f.Driver != "qemu" || f.Domain != "vm" || f.Pipe == nil ||
		f.UUID.String() != "c7a5fdbd-edaf-9455-926a-d65c16db1809" {
		t.Errorf("%+v", f)
	}
}

func TestRefusedInLibvirtsWords(t *testing.T) {
	for text, want := range map[string]string{
		`{}`:                      "internal error: Malformed daemon data from JSON file",
		`{"handler":{}}`:          "internal error: Missing files data from JSON file",
		`{"handler":{"files":1}}`: "internal error: Malformed files array",
	} {
		if _, _, err := readFiles(object(t, text), lend(t, 17)); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
	for text, want := range map[string]string{
		`{"path":"/x"}`: "internal error: Missing 'driver' in JSON document",
		`{}`:            "internal error: Missing 'path' field in JSON document",
		`{"path":"/x","driver":"d","domname":"n"}`:                                                                "internal error: Missing 'domuuid' in JSON document",
		`{"path":"/x","driver":"d","domname":"n","domuuid":"c"}`:                                                  "internal error: Malformed 'domuuid' in JSON document",
		`{"path":"/x","driver":"d","domname":"n","domuuid":"c7a5fdbd-edaf-9455-926a-d65c16db1809"}`:               "internal error: Missing 'pipefd' in JSON document",
		`{"path":"/x","driver":"d","domname":"n","domuuid":"c7a5fdbd-edaf-9455-926a-d65c16db1809","pipefd":3}`:    "closed",
		`{"path":"/x","driver":"d","domname":"n","domuuid":"c7a5fdbd-edaf-9455-926a-d65c16db1809","pipefd":3e99}`: "internal error: Missing 'pipefd' in JSON document",
	} {
		files, failures, err := readFiles(object(t, `{"handler":{"files":[`+text+`,`+oneFile+`]}}`), lend(t, 17))
		if err != nil || len(failures) != 1 || failures[0].Error() != want || len(files) != 1 {
			t.Errorf("%s: %v, %v, want %s and the other file", text, failures, err, want)
		}
	}
}

func FuzzReadFiles(f *testing.F) {
	f.Add([]byte(`{"handler":{"files":[` + oneFile + `]}}`))
	f.Add([]byte(`{"handler":{"files":[{},null,1]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		o, ok := cstate.ParseObject(data)
		if !ok {
			return
		}
		files, failures, err := readFiles(o, func(int, string) (*os.File, error) { return nil, errors.New("none") })
		if len(files) > 0 || err != nil && len(failures) > 0 {
			t.Errorf("%v, %v, %v", files, failures, err)
		}
	})
}
