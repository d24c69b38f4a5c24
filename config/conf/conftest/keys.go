package conftest

import (
	"cmp"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// wrong says for each kind of key which values it cannot have, and how libvirt
// says so; K stands for the key.
var wrong = map[string][][2]string{
	"text":          {{`3`, "internal error: F:1: expected a string for 'K' parameter"}, {`[ "x" ]`, "internal error: F:1: expected a string for 'K' parameter"}},
	"auth":          {{`3`, "internal error: F:1: expected a string for 'K' parameter"}, {`"x"`, "unsupported configuration: F:1: K: unsupported auth x"}},
	"flag":          {{`"x"`, "internal error: F:1: expected a bool for 'K' parameter"}, {`2`, "internal error: F:1: value for 'K' parameter must be 0 or 1"}},
	"count":         {{`"x"`, "internal error: F:1: expected an unsigned integer for 'K' parameter"}, {`-1`, "internal error: F:1: expected an unsigned integer for 'K' parameter"}, {`4294967296`, "internal error: F:1: value for 'K' parameter must be in range 0:4294967295"}},
	"integer":       {{`"x"`, "internal error: F:1: expected a signed integer for 'K' parameter"}, {`2147483648`, "internal error: F:1: value for 'K' parameter must be in range -2147483648:2147483647"}},
	"size":          {{`"x"`, "internal error: F:1: expected an unsigned integer for 'K' parameter"}, {`-1`, "internal error: F:1: expected an unsigned integer for 'K' parameter"}},
	"texts":         {{`"x"`, "internal error: F:1: expected a string list for 'K' parameter"}, {`[ 1 ]`, "configuration file syntax error: F:1: expected a string list for 'K' parameter"}},
	"text-or-texts": {{`3`, "internal error: F:1: expected a string or string list for 'K' parameter"}, {`[ 1 ]`, "configuration file syntax error: F:1: expected a string list for 'K' parameter"}},
	"limit":         {{`-1`, "internal error: F:1: expected an unsigned integer for 'K' parameter"}, {`"x"`, "unsupported configuration: F:1: Unknown core size 'x'"}},
	"ignored":       nil,
}

// Table is what a package of settings gives to be tested.
type Table struct {
	File    string // the name in messages
	List    string // libvirt's keys in testdata; empty: keys.txt
	Effects map[string]string
	Load    func(text string) error
}

// Keys holds a table against a list in testdata, libvirt's keys with their
// kinds: there is no other key, each says what it changes or what it waits for,
// and each refuses values of the wrong kind in libvirt's words.
func (table Table) Keys(t *testing.T) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", cmp.Or(table.List, "keys.txt")))
	if err != nil {
		t.Fatal(err)
	}
	left := make(map[string]bool)
	for key, effect := range table.Effects {
		left[key] = true
		if strings.TrimSpace(effect) == "" {
			t.Errorf("%s: says neither what it changes nor what it waits for", key)
		}
	}
	for line := range strings.Lines(string(text)) {
		key, kind, _ := strings.Cut(strings.TrimSpace(line), " ")
		kind = strings.TrimSpace(kind)
		if !left[key] {
			t.Errorf("%s: libvirt has it, the table does not", key)
			continue
		}
		delete(left, key)
		values, known := wrong[kind]
		if !known {
			t.Errorf("%s: of which kind is %q?", key, kind)
		}
		for _, v := range values {
			want := strings.NewReplacer("F", table.File, "K", key).Replace(v[1])
			if err := table.Load(key + " = " + v[0] + "\n"); err == nil || err.Error() != want {
				t.Errorf("%s = %s: got %v, want %s", key, v[0], err, want)
			}
		}
	}
	for key := range left {
		t.Errorf("%s: libvirt does not have it", key)
	}
}
