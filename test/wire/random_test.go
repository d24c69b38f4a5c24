package wire

import (
	"flag"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/wire/wiretest"
	"virtree.dev/protocol/xdr"
	"virtree.dev/test/peer"
)

var (
	seed   = flag.Uint64("seed", 1, "seed of the random arguments")
	rounds = flag.Int("rounds", 2, "calls of each procedure with random arguments")
)

// inventor makes up arguments.
type inventor struct {
	*rand.Rand
	dom remote.NonnullDomain // one that is there
}

var (
	words32 = []int64{0, 1, 2, 3, 7, 16, 0x7fffffff, 0x80000000, 0xffffffff, -1}
	texts   = []string{
		"", "x", "vda", "net0", "console0", "cpu_shares", "tick", "..", "/", "/dev/null", "%s%n", "\xff\xfe", "<domain/>", "<domain type='qemu'><name>x</name></domain>",
		"qemu-argv", "x86_64", "{\"execute\":\"query-status\"}", strings.Repeat("long", 300),
	}
)

func (r inventor) text() string {
	if r.IntN(4) == 0 {
		return r.dom.Name
	}
	return texts[r.IntN(len(texts))]
}

// number is a telling one, or any that fits into so many bits.
func (r inventor) number(bits int) uint64 {
	n := uint64(words32[r.IntN(len(words32))])
	switch r.IntN(4) {
	case 0:
		n = r.Uint64()
	case 1:
		n = 1 << r.IntN(33)
	}
	return n << (64 - bits) >> (64 - bits)
}

// fill makes up a value.
func (r inventor) fill(v reflect.Value) {
	if v.Type() == reflect.TypeFor[remote.NonnullDomain]() && r.IntN(4) > 0 {
		v.Set(reflect.ValueOf(r.dom))
		return
	}
	if v.Type() == reflect.TypeFor[remote.TypedParamValue]() {
		v.FieldByName("Type").SetInt(int64(1 + r.IntN(7)))
		for i := range v.NumField() {
			if v.Type().Field(i).Name != "Type" {
				r.fill(v.Field(i))
			}
		}
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			r.fill(v.Field(i))
		}
	case reflect.Pointer:
		if r.IntN(3) > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			r.fill(v.Elem())
		}
	case reflect.String:
		v.SetString(r.text())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), r.IntN(4), 4))
		fallthrough
	case reflect.Array:
		for i := range v.Len() {
			r.fill(v.Index(i))
		}
	case reflect.Float64:
		v.SetFloat(r.NormFloat64())
	default:
		if n := r.number(v.Type().Bits()); v.CanInt() {
			v.SetInt(int64(n))
		} else {
			v.SetUint(n)
		}
	}
}

// Whatever the arguments, every procedure is answered and the daemon lives on.
func TestEveryProcedureWithRandomArguments(t *testing.T) {
	needEmulator(t)
	o := session.options
	o.Binary = peer.Build(t)
	d := peer.Start(t, o)
	c := wiretest.Dial(t, d.Socket())
	c.Open("")
	r := inventor{rand.New(rand.NewPCG(*seed, 0)), startPaused(c, talker("target", 1))}
	for p, proc := range calls {
		if proc.Args == nil {
			continue
		}
		for range *rounds {
			args := proc.Args()
			r.fill(reflect.ValueOf(args).Elem())
			if got := question(t, d.Socket(), 0, p, proc, args); strings.Contains(got, "failed: ") && strings.Contains(got, "runtime error") {
				t.Errorf("%s\nfor %+v", got, args)
			} else if !strings.HasPrefix(got, proc.Name+" ok") && !strings.HasPrefix(got, proc.Name+" code=") {
				t.Errorf("not answered: %s\nfor %+v", got, args)
			}
		}
		restore(c, talker("target", 1))
	}
	if strings.Contains(d.Log(), "panic in ") {
		t.Error("a handler panicked")
	}
}

// restore makes the machine run again, whatever became of it.
func restore(c *wiretest.Client, doc string) {
	c.T.Helper()
	_ = c.Call(remote.ProcDomainCreateXML, &remote.DomainCreateXMLArgs{XMLDesc: doc, Flags: 1}, nil) // it may run still
}

// Arguments that are no arguments at all are answered as well.
func TestEveryProcedureWithGarbage(t *testing.T) {
	o := session.options
	o.Binary = peer.Build(t)
	path := peer.Start(t, o).Socket()
	r := rand.New(rand.NewPCG(*seed, 1))
	for p, proc := range calls {
		garbage := make([]byte, r.IntN(200))
		for i := range garbage {
			garbage[i] = byte(r.Uint32()) >> (r.IntN(3) * 4) // small numbers are lengths
		}
		if got := question(t, path, 0, p, proc, rawValue(garbage)); !strings.HasPrefix(got, proc.Name+" ok") && !strings.HasPrefix(got, proc.Name+" code=") {
			t.Errorf("not answered: %s\nfor %x", got, garbage)
		}
	}
}

// rawValue stands for arguments.
type rawValue []byte

func (v rawValue) AppendXDR(b []byte) []byte { return append(b, v...) }
func (v rawValue) DecodeXDR(*xdr.Decoder)    {}
