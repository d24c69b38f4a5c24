package cstate

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sampleDir finds the documents of libvirt's own tests beside the repository.
func sampleDir(t testing.TB) string {
	root := os.Getenv("VIRTREE_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "..", "..", "shared")
	}
	path := filepath.Join(root, "testdata", "virnetdaemondata")
	if _, err := os.Stat(path); err != nil {
		t.Skipf("needs the shared test documents (VIRTREE_SHARED): %v", err)
	}
	return path
}

// wrap makes a restart file of what libvirt's own tests keep: its daemon part.
func wrap(daemon []byte) []byte {
	return []byte(`{"magic":"1","handler":{"files":[]},"daemon":` + string(daemon) + `}`)
}

// TestEveryFormThatLibvirtWrote reads the forms of all its releases: a server
// alone, servers by position, servers by name.
func TestEveryFormThatLibvirtWrote(t *testing.T) {
	dir := sampleDir(t)
	for _, tt := range []struct {
		file    string
		servers int
		refused string
	}{
		{"initial", 1, ""},
		{"anon-clients", 1, ""},
		{"admin", 2, ""},
		{"admin-server-names", 2, ""},
		{"no-keepalive-required", 2, ""},
		{"client-ids", 1, ""},
		{"client-timestamp", 1, ""},
		{"client-auth-pending", 1, ""},
		{"client-auth-pending-failure", 0, "internal error: Invalid auth_pending and auth combination in JSON state document"},
		{"invalid-max-clients-failure", 0, "internal error: The overall maximum number of clients must not be less than the number of clients waiting for authentication"},
	} {
		t.Run(tt.file, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join(dir, "input-data-"+tt.file+".json"))
			if err != nil {
				t.Fatal(err)
			}
			d, err := Parse(wrap(data), "testServer0", "testServer1")
			if tt.refused != "" {
				if err == nil || err.Error() != tt.refused {
					t.Fatalf("got %v, want %s", err, tt.refused)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(d.Servers) != tt.servers || d.Magic != "1" || !d.rest.Has("handler") {
				t.Errorf("%+v", d)
			}
			for name, s := range d.Servers {
				checkSample(t, name, s)
			}
		})
	}
}

// checkSample knows what all samples have in common.
func checkSample(t *testing.T, name string, s *Server) {
	t.Helper()
	if !strings.HasPrefix(name, "testServer") || s.MaxWorkers != 50 || s.MaxClients != 100 || s.KeepaliveInterval != 120 {
		t.Errorf("%s: %+v", name, s)
	}
	var fds []int
	for _, service := range s.Services {
		for _, socket := range service.Sockets {
			fds = append(fds, socket.FD)
			if !socket.Unlink {
				t.Errorf("%s: a listener's name is left", name)
			}
		}
	}
	for i, c := range s.Clients {
		fds = append(fds, c.Socket.FD)
		if c.ID == 0 || c.AuthPending != (c.Auth != 0) || i == 1 && c.Auth != 2 || !c.ReadOnly || c.Socket.Unlink || string(c.Private) != "1729" {
			t.Errorf("%s: %+v", name, c)
		}
	}
	if len(fds) != 4 || fds[0] != 100 || fds[1] != 101 || fds[2] != 102 || fds[3] != 103 {
		t.Errorf("%s: descriptors %v", name, fds)
	}
}

const oneServer = `{"min_workers":0,"max_workers":0,"priority_workers":0,"max_clients":1024,"max_anonymous_clients":1024,
"keepaliveInterval":4294967295,"keepaliveCount":0,"next_client_id":7,"services":[],"clients":[]}`

func TestOldAndNewNames(t *testing.T) {
	for _, text := range []string{
		`{"magic":"12","daemon":{"servers":{"virtlockd":` + oneServer + `}}}`,
		`{"magic":"12","server":` + oneServer + `}`,
	} {
		d, err := Parse([]byte(text), "virtlockd")
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		s := d.Servers["virtlockd"]
		if s == nil || s.KeepaliveInterval != -1 || s.NextClientID != 7 || len(d.rest) != 0 {
			t.Errorf("%s: %+v", text, d)
		}
	}
}

func TestRefusedInLibvirtsWords(t *testing.T) {
	without := func(key string) string {
		return `{"magic":"1","daemon":{"servers":{"a":` + strings.Replace(oneServer, `"`+key+`"`, `"x"`, 1) + `}}}`
	}
	for text, want := range map[string]string{
		`{"daemon":{}}`: "Missing magic data in JSON document",
		`{"magic":"1"}`: "Malformed daemon data from JSON file",
		`{"magic":"1","daemon":{"servers":null}}`:  "Malformed servers data in JSON document",
		`{"magic":"1","daemon":{"servers":[1,2]}}`: "Server count 2 greater than default name count 1",
		without("max_workers"):                     "Missing max_workers data in JSON document",
		without("services"):                        "Missing services data in JSON document",
		without("clients"):                         "Missing clients data in JSON document",
	} {
		if _, err := Parse([]byte(text), "a"); err == nil || err.Error() != "internal error: "+want {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"magic":"1","server":` + oneServer + `}`))
	f.Add([]byte(`{"magic":"1","daemon":{"servers":[` + serverText(3, 4, 5) + `]},"handler":{"files":[]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := Parse(data, "a", "b")
		if err != nil {
			return
		}
		for name, s := range d.Servers {
			if s == nil || s.MaxClients < s.MaxAnonymousClients {
				t.Errorf("%s: %+v", name, s)
			}
		}
	})
}
