package wire_test

import (
	"testing"

	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/wire"
	"virtree.dev/protocol/xdr"
)

// aCall is a call of the usual size: dumpxml of one domain.
var aCall = &remote.DomainGetXMLDescArgs{Dom: remote.NonnullDomain{Name: "web-server-1", ID: 7}, Flags: 1}

func BenchmarkAppend(b *testing.B) {
	h := wire.Header{Program: remote.ID, Version: 1, Procedure: remote.ProcDomainGetXMLDesc, Serial: 1}
	var buffer []byte
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if buffer, err = wire.Append(buffer[:0], h, aCall); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	frame, err := wire.Append(nil, wire.Header{Program: remote.ID, Version: 1}, aCall)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if n, err := wire.Length(frame); err != nil || n != len(frame) {
			b.Fatal(n, err)
		}
		if _, _, err := wire.Parse(frame); err != nil {
			b.Fatal(err)
		}
	}
}

// A list of 1,000 domains is the largest answer that clients ask for often.
func BenchmarkList(b *testing.B) {
	list := &remote.ConnectListAllDomainsRet{Domains: make([]remote.NonnullDomain, 1000), Ret: 1000}
	for i := range list.Domains {
		list.Domains[i] = remote.NonnullDomain{Name: "web-server-1", ID: int32(i)}
	}
	encoded := list.AppendXDR(nil)
	b.Run("encode", func(b *testing.B) {
		buffer := make([]byte, 0, len(encoded))
		b.ReportAllocs()
		b.SetBytes(int64(len(encoded)))
		for b.Loop() {
			buffer = list.AppendXDR(buffer[:0])
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(encoded)))
		for b.Loop() {
			var back remote.ConnectListAllDomainsRet
			d := xdr.NewDecoder(encoded)
			if back.DecodeXDR(d); d.End() != nil {
				b.Fatal(d.Err())
			}
		}
	})
}
