package xdr

import (
	"encoding/binary"
	"math"
)

// Value is a type of a protocol.
type Value interface {
	// AppendXDR appends the encoded value.
	AppendXDR(b []byte) []byte
	// DecodeXDR reads the value; errors stick to d.
	DecodeXDR(d *Decoder)
}

// AppendUint32 appends an unsigned int.
func AppendUint32(b []byte, v uint32) []byte { return binary.BigEndian.AppendUint32(b, v) }

// AppendInt32 appends an int.
func AppendInt32(b []byte, v int32) []byte { return binary.BigEndian.AppendUint32(b, uint32(v)) }

// AppendUint64 appends an unsigned hyper.
func AppendUint64(b []byte, v uint64) []byte { return binary.BigEndian.AppendUint64(b, v) }

// AppendInt64 appends a hyper.
func AppendInt64(b []byte, v int64) []byte { return binary.BigEndian.AppendUint64(b, uint64(v)) }

// AppendFloat64 appends a double.
func AppendFloat64(b []byte, v float64) []byte { return AppendUint64(b, math.Float64bits(v)) }

// AppendBool appends a bool, which has four bytes.
func AppendBool(b []byte, v bool) []byte {
	if v {
		return AppendUint32(b, 1)
	}
	return AppendUint32(b, 0)
}

var padding [4]byte

// AppendFixed appends bytes whose number both sides know, padded to four.
func AppendFixed(b, v []byte) []byte {
	b = append(b, v...)
	return append(b, padding[:-len(v)&3]...)
}

// AppendOpaque appends bytes with their number.
func AppendOpaque(b, v []byte) []byte {
	return AppendFixed(AppendUint32(b, uint32(len(v))), v)
}

// AppendString appends a string.
func AppendString(b []byte, v string) []byte {
	b = AppendUint32(b, uint32(len(v)))
	b = append(b, v...)
	return append(b, padding[:-len(v)&3]...)
}

// AppendOptString appends a string that may be absent.
func AppendOptString(b []byte, v *string) []byte {
	if v == nil {
		return AppendUint32(b, 0)
	}
	return AppendString(AppendUint32(b, 1), *v)
}

// AppendStrings appends an array of strings.
func AppendStrings(b []byte, v []string) []byte {
	b = AppendUint32(b, uint32(len(v)))
	for _, s := range v {
		b = AppendString(b, s)
	}
	return b
}
