package cstate

import (
	"bytes"
	"encoding/json"
	"math"

	"virtree.dev/protocol/virerr"
)

// Object is a JSON object whose members are read one at a time, as libvirt does.
type Object map[string]json.RawMessage

// ParseObject reads an object.
func ParseObject(raw json.RawMessage) (Object, bool) {
	var o Object
	if json.Unmarshal(raw, &o) != nil || o == nil {
		return nil, false
	}
	return o, true
}

// Has says whether there is such a member.
func (o Object) Has(key string) bool { _, ok := o[key]; return ok }

func member[T any](o Object, key string) (v T, ok bool) {
	raw, there := o[key]
	if !there || bytes.Equal(raw, []byte("null")) {
		return v, false
	}
	return v, json.Unmarshal(raw, &v) == nil
}

// Text gives a string.
func (o Object) Text(key string) (string, bool) { return member[string](o, key) }

// Bool gives a truth value.
func (o Object) Bool(key string) (bool, bool) { return member[bool](o, key) }

// Int gives a number that fits into an int.
func (o Object) Int(key string) (int, bool) {
	n, ok := member[int32](o, key)
	return int(n), ok
}

// Uint gives a number that fits into an unsigned int.
func (o Object) Uint(key string) (uint, bool) {
	n, ok := member[uint32](o, key)
	return uint(n), ok
}

// Uint64 gives a number of 64 bits.
func (o Object) Uint64(key string) (uint64, bool) { return member[uint64](o, key) }

// Int64 gives a number of 64 bits.
func (o Object) Int64(key string) (int64, bool) { return member[int64](o, key) }

// List gives an array.
func (o Object) List(key string) ([]json.RawMessage, bool) { return member[[]json.RawMessage](o, key) }

// Object gives an object.
func (o Object) Object(key string) (Object, bool) { return member[Object](o, key) }

// malformed is an error in libvirt's words.
func malformed(format string, args ...any) error {
	return virerr.New(virerr.FromRPC, virerr.InternalError, format, args...)
}

// signed undoes what libvirt does to a negative interval when it writes it.
func signed(n uint) int {
	if n > math.MaxInt32 {
		return int(int32(uint32(n)))
	}
	return int(n)
}
