package keep

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// A record: size, which is the commit mark; checksum of the rest; number on a
// shelf; lengths; kind; then key and state, filled up to eight bytes.
const (
	atSize, atSum, atNumber, atState, atKey, atKind = 0, 4, 8, 16, 20, 22

	recordHead = 24
	endMark    = 8 // a size of nothing after the last record

	maxKey   = 4 << 10
	maxState = 1 << 20
)

type kind uint8

const (
	kindKept kind = iota + 1
	kindForgotten
)

var (
	order    = binary.LittleEndian
	checksum = crc32.MakeTable(crc32.Castagnoli)

	errTooLong = errors.New("key or state is too long to be kept")
)

// record is one line of the ledger.
type record struct {
	kind   kind
	key    string
	number uint64
	state  []byte
}

func (r *record) size() int { return (recordHead + len(r.key) + len(r.state) + 7) &^ 7 }

func (r *record) check() error {
	if r.key == "" || len(r.key) > maxKey || len(r.state) > maxState {
		return errTooLong
	}
	return nil
}

// put writes all but the commit mark.
func (r *record) put(b []byte) {
	b = b[:r.size()]
	clear(b[recordHead+len(r.key)+len(r.state):])
	order.PutUint64(b[atNumber:], r.number)
	order.PutUint32(b[atState:], uint32(len(r.state)))
	order.PutUint16(b[atKey:], uint16(len(r.key)))
	b[atKind], b[atKind+1] = byte(r.kind), 0
	copy(b[recordHead:], r.key)
	copy(b[recordHead+len(r.key):], r.state)
	order.PutUint32(b[atSum:], crc32.Checksum(b[atNumber:], checksum))
}

// read gives the record at the beginning of b; false where there is none, or none
// that was finished. Its state is a part of b.
func read(b []byte) (r record, size int, ok bool) {
	if len(b) < recordHead {
		return r, 0, false
	}
	size = int(order.Uint32(b[atSize:]))
	if size < recordHead || size%8 != 0 || size > len(b) {
		return r, 0, false
	}
	b = b[:size]
	key, state := int(order.Uint16(b[atKey:])), int(order.Uint32(b[atState:]))
	if key == 0 || key > maxKey || state > maxState || (recordHead+key+state+7)&^7 != size {
		return r, 0, false
	}
	if crc32.Checksum(b[atNumber:], checksum) != order.Uint32(b[atSum:]) {
		return r, 0, false
	}
	return record{
		kind: kind(b[atKind]), key: string(b[recordHead : recordHead+key]),
		number: order.Uint64(b[atNumber:]), state: b[recordHead+key : recordHead+key+state],
	}, size, true
}
