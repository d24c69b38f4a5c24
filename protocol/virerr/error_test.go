package virerr

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"virtree.dev/protocol/xdr"
)

// The bytes are what libvirtd 9.0.0 sends for an unknown procedure.
func TestErrorOnTheWire(t *testing.T) {
	const want = "00000027" + "00000007" + "00000001" + "00000019" +
		"756e6b6e6f776e2070726f6365647572653a203939393939" + "39000000" + "00000002" + "00000000" +
		"00000001" + "00000002" + "25730000" +
		"00000001" + "00000019" + "756e6b6e6f776e2070726f6365647572653a203939393939" + "39000000" +
		"00000000" + "ffffffff" + "ffffffff" + "00000000"
	e := New(FromRPC, RPC, "unknown procedure: %d", 999999)
	if got := hex.EncodeToString(e.AppendXDR(nil)); got != want {
		t.Errorf("%s\ninstead of\n%s", got, want)
	}
	var back Error
	e.pc = 0 // where it was made is nobody else's business
	raw, _ := hex.DecodeString(want)
	d := xdr.NewDecoder(raw)
	if back.DecodeXDR(d); d.End() != nil || !reflect.DeepEqual(&back, e) {
		t.Errorf("%+v %v", back, d.Err())
	}
}

func TestErrorsWithObjects(t *testing.T) {
	e := New(FromDomain, NoDomain, "no domain")
	e.Domain = &Object{Name: "vm", UUID: [16]byte{1, 2}, ID: 7}
	e.Network = &Object{Name: "default", UUID: [16]byte{3}}
	var back Error
	e.pc = 0
	d := xdr.NewDecoder(e.AppendXDR(nil))
	if back.DecodeXDR(d); d.End() != nil || !reflect.DeepEqual(&back, e) {
		t.Errorf("%+v %v", back, d.Err())
	}
}

func TestPlace(t *testing.T) {
	for name, e := range map[string]*Error{
		"New": New(FromRPC, RPC, "x"), "System": System(FromRPC, syscall.ENOENT, "x"),
	} {
		if f := e.Place(); !strings.HasSuffix(f.Function, ".TestPlace") || f.Line == 0 {
			t.Errorf("%s: made in %s:%d", name, f.Function, f.Line)
		}
	}
	if f := From(FromRPC, errors.New("plain")).Place(); f.Function != "" {
		t.Errorf("a plain error was made in %s", f.Function)
	}
}

func TestMessages(t *testing.T) {
	for _, c := range []struct {
		err     *Error
		message string
		str1    string
		str2    string
	}{
		{New(FromNone, NoConnect, ""), "no connection driver available", "no connection driver available", ""},
		{New(FromNone, NoConnect, "xen:///x"), "no connection driver available for xen:///x", "no connection driver available for %s", "xen:///x"},
		{New(FromRPC, InternalError, "50%% of %s", "%s"), "internal error: 50% of %s", "internal error: %s", "50% of %s"},
		{New(FromNone, Code(9999), "x"), "internal error: x", "internal error: %s", "x"},
		{System(FromRPC, syscall.ENOENT, "open %s", "f"), "open f: No such file or directory", "%s", "open f: No such file or directory"},
	} {
		if c.err.Message != c.message || c.err.Str1 != c.str1 || c.err.Str2 != c.str2 || c.err.Level != LevelError {
			t.Errorf("%+v", c.err)
		}
	}
}

func TestFromFindsTheErrorInAChain(t *testing.T) {
	inner := New(FromQEMU, OperationInvalid, "x")
	if From(FromRPC, fmt.Errorf("start: %w", inner)) != inner {
		t.Error("the chain was not followed")
	}
	if e := From(FromRPC, fmt.Errorf("open: %w", syscall.EACCES)); e.Code != SystemError || e.Int1 != int32(syscall.EACCES) {
		t.Errorf("%+v", e)
	}
	if e := From(FromRPC, errors.New("odd")); e.Code != InternalError || e.From != FromRPC || e.Message != "internal error: odd" {
		t.Errorf("%+v", e)
	}
	if !errors.Is(fmt.Errorf("x: %w", inner), Kind(OperationInvalid)) || errors.Is(inner, Kind(NoDomain)) {
		t.Error("kinds are told apart wrongly")
	}
}

func TestCodesAreLibvirts(t *testing.T) {
	root := os.Getenv("VIRTREE_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	data, err := os.ReadFile(filepath.Join(root, "reference", "libvirt-11.3.0", "errors.json"))
	if err != nil {
		t.Skipf("needs the table of libvirt's errors (VIRTREE_SHARED): %v", err)
	}
	var ref struct {
		Number struct{ Values [][]any } `json:"virErrorNumber"`
		Texts  struct {
			Values map[string]struct{ Msg, Msginfo *int }
		} `json:"placeholders"`
	}
	if err := json.Unmarshal(data, &ref); err != nil {
		t.Fatal(err)
	}
	for _, v := range ref.Number.Values {
		name, n := v[0].(string), int(v[1].(float64))
		want, ok := ref.Texts.Values[name]
		if !ok || want.Msginfo == nil {
			continue // warnings have no text
		}
		if n >= len(texts) || texts[n].plain == "" {
			t.Errorf("%s (%d) has no text", name, n)
			continue
		}
		if strings.Count(texts[n].plain, "%s") != *want.Msg || strings.Count(texts[n].detailed, "%s") != *want.Msginfo {
			t.Errorf("%s: %+v", name, texts[n])
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(New(FromRPC, RPC, "x").AppendXDR(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		var e, again Error
		d := xdr.NewDecoder(b)
		if e.DecodeXDR(d); d.Err() != nil {
			return
		}
		d = xdr.NewDecoder(e.AppendXDR(nil))
		if again.DecodeXDR(d); d.End() != nil || !reflect.DeepEqual(e, again) {
			t.Errorf("%+v became %+v: %v", e, again, d.Err())
		}
	})
}
