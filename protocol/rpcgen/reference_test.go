package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The tables of facts that lie beside the repository, where they do.
func referenceFile(t *testing.T, version, name string, into any) {
	t.Helper()
	root := os.Getenv("VIRTREE_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	data, err := os.ReadFile(filepath.Join(root, "reference", "libvirt-"+version, name))
	if err != nil {
		t.Skipf("needs the tables of libvirt's protocol (VIRTREE_SHARED): %v", err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// referenceField is a field of a structure; fixed and bounded arrays have a
// length, optional values the word "opt".
type referenceField struct {
	Name  string `json:"n"`
	Type  string `json:"t"`
	Form  string `json:"q"`
	Len   int64  `json:"len"`
	Bound int64  `json:"max"`
}

type referenceProcedure struct {
	Num           int
	Name          string
	Kind          string
	Args          *string
	Ret           *string
	Msg           *string
	Priority      string
	ACL           []string `json:"acl"`
	Filter        []string `json:"aclfilter"`
	ReadStream    int      `json:"readstream"`
	WriteStream   int      `json:"writestream"`
	API           *string  `json:"api"`
	DriverKinds   []string `json:"conn"`
	ServerHandles string   `json:"server"`
}

type referenceProgram struct {
	Prog     uint64
	Vers     int
	Consts   map[string]json.RawMessage
	Typedefs map[string]referenceField
	Enums    map[string][][2]any
	Unions   map[string]struct {
		Cases []struct {
			Case []int
			Arm  referenceField
		}
	}
	Structs    map[string]struct{ Fields []referenceField }
	Procedures []referenceProcedure
}

// referenceName takes the name of its program off a name, and what differs
// only by the style of writing: virLogManagerProtocolNonNullString and
// remote_nonnull_string are nonnullstring.
func referenceName(name string) string {
	for _, prefix := range []string{"virLogManagerProtocol", "virLockSpaceProtocol", "VIR_LOG_MANAGER_PROTOCOL_", "VIR_LOCK_SPACE_PROTOCOL_",
		"remote_", "REMOTE_", "qemu_", "QEMU_", "lxc_", "LXC_", "admin_", "ADMIN_"} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			name = rest
			break
		}
	}
	return strings.ToLower(strings.ReplaceAll(name, "_", ""))
}

// ourName is the same for a name of a spec, which may have its program before a dot.
func ourName(name string) string {
	if _, rest, ok := strings.Cut(name, "."); ok {
		name = rest
	}
	return strings.ToLower(strings.ReplaceAll(name, "_", ""))
}

// shape writes a field of the reference as "name type" with the bound as a number.
func (f *referenceField) shape() string {
	t := referenceName(f.Type)
	switch f.Form {
	case "opt":
		t += "?"
	case "fixed", "opaquefixed":
		t += fmt.Sprintf("[%d]", f.Len)
	case "var", "string", "opaquevar":
		t += fmt.Sprintf("<%d>", f.Bound)
	}
	return f.Name + " " + t
}

// shape writes a field of a spec likewise.
func (s *spec) shape(t *testing.T, f field, all map[string]*spec) string {
	text := f.name + " " + ourName(f.typ.base)
	switch f.typ.form {
	case "?":
		text += "?"
	case "[", "<":
		n := s.bound(t, f.typ.bound, all)
		text += f.typ.form + strconv.FormatInt(n, 10) + map[string]string{"[": "]", "<": ">"}[f.typ.form]
	}
	return text
}

func (s *spec) bound(t *testing.T, text string, all map[string]*spec) int64 {
	if n, err := strconv.ParseInt(text, 0, 64); err == nil {
		return n
	}
	for _, from := range append([]*spec{s}, all["remote"]) {
		for _, c := range from.consts {
			if c.name == strings.TrimPrefix(text, "remote.") {
				return c.value
			}
		}
	}
	t.Errorf("%s: the bound %s is no constant", s.name, text)
	return -1
}

func specs(t *testing.T) map[string]*spec {
	t.Helper()
	all := map[string]*spec{}
	for _, name := range []string{"remote", "qemu", "lxc", "admin", "log", "lock", "keepalive", "virtype"} {
		f, err := os.Open(filepath.Join("..", "spec", name+".rpc"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if all[name], err = parse(f); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	return all
}

var versions = []string{"9.0.0", "11.3.0"}

func TestStructuresAreLibvirts(t *testing.T) {
	all := specs(t)
	for _, version := range versions {
		for _, name := range []string{"remote", "qemu", "lxc", "admin", "log", "lock", "keepalive"} {
			t.Run(version+"/"+name, func(t *testing.T) {
				var ref referenceProgram
				referenceFile(t, version, "proto_"+name+".json", &ref)
				s := all[name]
				if ref.Prog != s.id || ref.Vers != s.version {
					t.Errorf("program %d version %d, libvirt's %d version %d", s.id, s.version, ref.Prog, ref.Vers)
				}
				s.compareStructures(t, &ref, all, version == "11.3.0")
			})
		}
	}
}

// compareStructures names what differs; with whole set, also what libvirt lacks.
func (s *spec) compareStructures(t *testing.T, ref *referenceProgram, all map[string]*spec, whole bool) {
	ours := map[string][]string{}
	for _, st := range s.structs {
		lines := []string{}
		for _, f := range st.fields {
			lines = append(lines, s.shape(t, f, all))
		}
		ours[ourName(st.name)] = lines
	}
	for _, u := range s.unions {
		lines := []string{}
		for _, a := range u.arms {
			lines = append(lines, fmt.Sprintf("%d %s", a.disc, s.shape(t, a.field, all)))
		}
		ours[ourName(u.name)] = lines
	}
	for _, d := range s.typedefs {
		ours[ourName(d.name)] = []string{s.shape(t, field{"", d.typ}, all)}
	}
	theirs := ref.shapes()
	for name, want := range theirs {
		if got, ok := ours[name]; !ok {
			t.Errorf("%s: not in the spec", name)
		} else if !slices.Equal(got, want) {
			t.Errorf("%s:\n  ours %q\n  libvirt's %q", name, got, want)
		}
	}
	for name := range ours {
		if _, ok := theirs[name]; whole && !ok {
			t.Errorf("%s: libvirt has no such structure", name)
		}
	}
}

// shapes gives the lines of every structure, union and type by its name.
func (ref *referenceProgram) shapes() map[string][]string {
	out := map[string][]string{}
	for name, st := range ref.Structs {
		lines := []string{}
		for i := range st.Fields {
			lines = append(lines, st.Fields[i].shape())
		}
		out[referenceName(name)] = lines
	}
	for name, u := range ref.Unions {
		lines := []string{}
		for _, c := range u.Cases {
			lines = append(lines, fmt.Sprintf("%d %s", c.Case[0], c.Arm.shape()))
		}
		out[referenceName(name)] = lines
	}
	for name, d := range ref.Typedefs {
		if referenceName(name) != referenceName(d.Type) { // C's "typedef struct x x"
			d.Name = ""
			out[referenceName(name)] = []string{d.shape()}
		}
	}
	return out
}
