package xdr

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// The errors of a Decoder.
var (
	ErrShort   = errors.New("xdr: message too short")
	ErrTooLong = errors.New("xdr: array longer than its bound")
	ErrInvalid = errors.New("xdr: value out of range")
	ErrExtra   = errors.New("xdr: bytes left over")
)

// Decoder reads values from a message. The zero Decoder reads an empty one.
type Decoder struct {
	b   []byte
	err error
}

// NewDecoder reads from b, which must not change meanwhile. Nothing that is
// decoded keeps a reference to b.
func NewDecoder(b []byte) *Decoder { return &Decoder{b: b} }

// Reset starts again with b.
func (d *Decoder) Reset(b []byte) { d.b, d.err = b, nil }

// Err is the first error.
func (d *Decoder) Err() error { return d.err }

// Fail makes err stick unless an earlier one does.
func (d *Decoder) Fail(err error) {
	if d.err == nil {
		d.err = err
	}
	d.b = nil
}

// Left gives the number of bytes that were not read.
func (d *Decoder) Left() int { return len(d.b) }

// End fails if bytes are left over.
func (d *Decoder) End() error {
	if d.err == nil && len(d.b) > 0 {
		d.Fail(fmt.Errorf("%w: %d", ErrExtra, len(d.b)))
	}
	return d.err
}

// Uint32 reads an unsigned int.
func (d *Decoder) Uint32() uint32 {
	if len(d.b) < 4 {
		d.Fail(ErrShort)
		return 0
	}
	v := binary.BigEndian.Uint32(d.b)
	d.b = d.b[4:]
	return v
}

// Int32 reads an int.
func (d *Decoder) Int32() int32 { return int32(d.Uint32()) }

// Uint64 reads an unsigned hyper.
func (d *Decoder) Uint64() uint64 {
	if len(d.b) < 8 {
		d.Fail(ErrShort)
		return 0
	}
	v := binary.BigEndian.Uint64(d.b)
	d.b = d.b[8:]
	return v
}

// Int64 reads a hyper.
func (d *Decoder) Int64() int64 { return int64(d.Uint64()) }

// Float64 reads a double.
func (d *Decoder) Float64() float64 { return math.Float64frombits(d.Uint64()) }

// Bool reads a bool; as in C's library, anything but 0 is true.
func (d *Decoder) Bool() bool { return d.Uint32() != 0 }

// narrow reads a four byte number that must fit between low and high.
func (d *Decoder) narrow(low, high int32) int32 {
	v := d.Int32()
	if v < low || v > high {
		d.Fail(ErrInvalid)
		return 0
	}
	return v
}

// Int8 reads a char.
func (d *Decoder) Int8() int8 { return int8(d.narrow(math.MinInt8, math.MaxInt8)) }

// Uint8 reads an unsigned char.
func (d *Decoder) Uint8() uint8 { return uint8(d.narrow(0, math.MaxUint8)) }

// Uint16 reads an unsigned short.
func (d *Decoder) Uint16() uint16 { return uint16(d.narrow(0, math.MaxUint16)) }

// bytes gives the next n bytes of the message and skips their padding.
func (d *Decoder) bytes(n int) []byte {
	padded := n + -n&3
	if n < 0 || padded > len(d.b) {
		d.Fail(ErrShort)
		return nil
	}
	v := d.b[:n]
	d.b = d.b[padded:]
	return v
}

// Fixed fills v.
func (d *Decoder) Fixed(v []byte) { copy(v, d.bytes(len(v))) }

// Len reads the number of elements of an array: at most limit, and no more
// than the rest of the message can hold at size bytes each.
func (d *Decoder) Len(limit, size int) int {
	n := d.Uint32()
	if uint64(n) > uint64(limit) {
		d.Fail(fmt.Errorf("%w: %d > %d", ErrTooLong, n, limit))
		return 0
	}
	if int64(n)*int64(size) > int64(len(d.b)) {
		d.Fail(ErrShort)
		return 0
	}
	return int(n)
}

// Opaque reads at most limit bytes; none give an empty slice, not nil.
func (d *Decoder) Opaque(limit int) []byte {
	v := d.bytes(d.Len(limit, 1))
	return append(make([]byte, 0, len(v)), v...)
}

// String reads a string of at most limit bytes. It ends before a zero byte, as
// it does for those who read it in C.
func (d *Decoder) String(limit int) string {
	v := d.bytes(d.Len(limit, 1))
	if i := bytes.IndexByte(v, 0); i >= 0 {
		v = v[:i]
	}
	return string(v)
}

// OptString reads a string that may be absent.
func (d *Decoder) OptString(limit int) *string {
	if !d.Bool() {
		return nil
	}
	s := d.String(limit)
	return &s
}

// Strings reads an array of at most limit strings of at most each bytes.
func (d *Decoder) Strings(limit, each int) []string {
	n := d.Len(limit, 4)
	v := make([]string, 0, n)
	for i := 0; i < n && d.err == nil; i++ {
		v = append(v, d.String(each))
	}
	return v
}
