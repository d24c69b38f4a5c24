package program_test

import (
	"bytes"
	"runtime/metrics"
	"testing"

	"virtree.dev/protocol/adminprog"
	"virtree.dev/protocol/keepalive"
	"virtree.dev/protocol/lockprog"
	"virtree.dev/protocol/logprog"
	"virtree.dev/protocol/lxcprog"
	"virtree.dev/protocol/program"
	"virtree.dev/protocol/qemuprog"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/xdr"
)

var programs = []*program.Program{
	&remote.Program, &qemuprog.Program, &lxcprog.Program, &adminprog.Program, &lockprog.Program, &logprog.Program,
	&keepalive.Program,
}

// value makes an empty argument or result; nil where there is none.
func value(which uint8, num int32, result bool) xdr.Value {
	p := programs[int(which)%len(programs)].Procedure(num)
	if p == nil {
		return nil
	}
	if result && p.Ret != nil {
		return p.Ret()
	}
	if !result && p.Args != nil {
		return p.Args()
	}
	return nil
}

func allocated() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// FuzzProcedures decodes the arguments and results of every procedure from bytes. What can be decoded
// encodes to no more bytes, which mean the same; nothing takes more memory than a message may cost.
func FuzzProcedures(f *testing.F) {
	for which, p := range programs {
		for num := range p.Procedures {
			for _, result := range []bool{false, true} {
				if v := value(uint8(which), int32(num), result); v != nil {
					f.Add(uint8(which), int32(num), result, v.AppendXDR(nil))
					f.Add(uint8(which), int32(num), result, bytes.Repeat([]byte{0, 0, 0, 1}, 40))
				}
			}
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, num int32, result bool, message []byte) {
		v := value(which, num, result)
		if v == nil {
			return
		}
		before := allocated()
		d := xdr.NewDecoder(message)
		v.DecodeXDR(d)
		// An empty optional of four bytes becomes a pointer of eight, an empty text of four a header of sixteen
		// in a slice that may double; what else runs in this process has the rest.
		if cost := allocated() - before; cost > uint64(128*len(message))+1<<22 {
			t.Errorf("%d bytes took %d of memory", len(message), cost)
		}
		if d.End() != nil {
			return
		}
		once := v.AppendXDR(nil)
		if len(once) > len(message) { // a text ends at its first zero
			t.Fatalf("%d bytes became %d: %#v", len(message), len(once), v)
		}
		again := value(which, num, result)
		d.Reset(once)
		again.DecodeXDR(d)
		if err := d.End(); err != nil {
			t.Fatalf("%x does not decode: %v", once, err)
		}
		if twice := again.AppendXDR(nil); !bytes.Equal(once, twice) {
			t.Fatalf("%x became %x", once, twice)
		}
	})
}
