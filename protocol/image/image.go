package image

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
)

// MaxHeader is how much of an image's beginning is looked at.
const MaxHeader = 0x8200

// ErrInvalid is the error of a header that contradicts itself.
var ErrInvalid = errors.New("invalid image header")

// Header is what an image says of itself.
type Header struct {
	Format   string // raw where nothing else is recognised
	Capacity uint64 // of the disk, in bytes; 0 where the image's own size is meant
	// Backing is the image below as it is written there, BackingFormat its format,
	// empty where that is not written.
	Backing, BackingFormat string
	// Data is the file that has the data, of qcow2.
	Data string
}

// backed are the formats that may have an image below them.
var backed = []string{"cow", "qcow", "qcow2", "qed", "vmdk"}

// HasBacking says whether images of a format may have one below them.
func HasBacking(format string) bool { return slices.Contains(backed, format) }

// kind is how a format is recognised and where it has its size.
type kind struct {
	format  string
	magic   string
	at      int
	order   binary.ByteOrder
	version int      // where it is; -1 for none
	known   []uint32 // versions
	size    int      // where it is; -1 for none
	unit    uint64
	backing func(h *Header, b []byte) error
}

var kinds = []kind{
	{"iso", "CD001", 32769, binary.LittleEndian, -1, nil, -1, 1, nil},
	{"vpc", "conectix", 0, binary.BigEndian, 12, []uint32{0x10000}, 48, 1, nil},
	{"vdi", "\x7f\x10\xda\xbe", 64, binary.LittleEndian, 68, []uint32{0x10001}, 368, 1, nil},
	{"ploop", "WithouFreSpacExt", 0, binary.LittleEndian, -1, nil, 36, 512, nil},
	{"cow", "OOOM", 0, binary.BigEndian, 4, []uint32{2}, 1036, 1, cowBacking},
	{"qcow", "QFI", 0, binary.BigEndian, 4, []uint32{1}, 24, 1, qcowBacking},
	{"qcow2", "QFI", 0, binary.BigEndian, 4, []uint32{2, 3}, 24, 1, qcowBacking},
	{"qed", "QED", 0, binary.LittleEndian, -1, nil, 48, 1, qedBacking},
	{"vmdk", "KDMV", 0, binary.LittleEndian, 4, []uint32{1, 2, 3}, 12, 512, vmdkBacking},
}

// Probe reads the header of an image of any format.
func Probe(b []byte) (Header, error) {
	for _, k := range kinds {
		if k.matches(b) {
			return Parse(k.format, b)
		}
	}
	return Header{Format: "raw"}, nil
}

// Parse reads the header of an image of a known format. What does not look like
// one has neither a size nor images below it.
func Parse(format string, b []byte) (Header, error) {
	h := Header{Format: format}
	i := slices.IndexFunc(kinds, func(k kind) bool { return k.format == format })
	if i < 0 || !kinds[i].matches(b) {
		return h, nil
	}
	k := kinds[i]
	if k.size >= 0 {
		if size, ok := uint64At(k.order, b, k.size); ok {
			if size > (1<<63)/k.unit {
				return h, ErrInvalid
			}
			h.Capacity = size * k.unit
		}
	}
	if k.backing == nil {
		return h, nil
	}
	return h, k.backing(&h, b)
}

func (k *kind) matches(b []byte) bool {
	if len(b) < k.at+len(k.magic) || string(b[k.at:k.at+len(k.magic)]) != k.magic {
		return false
	}
	if k.version < 0 {
		return true
	}
	v, ok := uint32At(k.order, b, k.version)
	return ok && slices.Contains(k.known, v)
}

func uint32At(o binary.ByteOrder, b []byte, at int) (uint32, bool) {
	if at < 0 || at > len(b)-4 {
		return 0, false
	}
	return o.Uint32(b[at:]), true
}

func uint64At(o binary.ByteOrder, b []byte, at int) (uint64, bool) {
	if at < 0 || at > len(b)-8 {
		return 0, false
	}
	return o.Uint64(b[at:]), true
}

// textAt cuts a text out of a header.
func textAt(b []byte, at, length uint64) (string, error) {
	if at > uint64(len(b)) || length > uint64(len(b))-at {
		return "", ErrInvalid
	}
	text, _, _ := bytes.Cut(b[at:at+length], []byte{0})
	return string(text), nil
}

func cowBacking(h *Header, b []byte) (err error) {
	const at, length = 8, 1024
	h.Backing, err = textAt(b, at, length)
	return err
}

// Where a header of qcow has what.
const (
	qcowBackingAt      = 8
	qcowBackingSize    = 16
	qcow2HeaderEnd     = 72
	qcow2Features      = 72
	qcow2HeaderSizeAt  = 100
	qcow2DataFile      = 1 << 2
	maxBackingName     = 1023
	extensionEnd       = 0
	extensionBacking   = 0xe2792aca
	extensionDataFile  = 0x44415441
	extensionHeadBytes = 8
)

func qcowBacking(h *Header, b []byte) (err error) {
	order := binary.BigEndian
	at, ok := uint64At(order, b, qcowBackingAt)
	size, ok2 := uint32At(order, b, qcowBackingSize)
	if !ok || !ok2 || at > uint64(len(b)) || size > maxBackingName {
		return ErrInvalid
	}
	if at != 0 && size != 0 {
		if h.Backing, err = textAt(b, at, uint64(size)); err != nil {
			return err
		}
	}
	if h.Format != "qcow2" {
		return nil
	}
	end := len(b)
	if at != 0 {
		end = int(at) // the extensions stand before the name
	}
	return qcow2Extensions(h, b[:end])
}

func qcow2Extensions(h *Header, b []byte) (err error) {
	order := binary.BigEndian
	version, _ := uint32At(order, b, 4)
	at, data := uint32(qcow2HeaderEnd), false
	if version > 2 {
		features, _ := uint64At(order, b, qcow2Features)
		at, _ = uint32At(order, b, qcow2HeaderSizeAt)
		data = features&qcow2DataFile != 0
	}
	for int64(at) <= int64(len(b))-extensionHeadBytes {
		magic, length := order.Uint32(b[at:]), order.Uint32(b[at+4:])
		at += extensionHeadBytes
		if uint64(at)+uint64(length) > uint64(len(b)) {
			return nil
		}
		text := string(b[at : at+length])
		switch {
		case magic == extensionEnd:
			return nil
		case magic == extensionBacking && h.Backing != "":
			h.BackingFormat = text
		case magic == extensionDataFile && data:
			h.Data = text
		}
		at += (length + 7) / 8 * 8
	}
	return nil
}

// Where a header of qed has what.
const (
	qedFeatures   = 16
	qedBackingAt  = 56
	qedHasBacking = 1
	qedRawBacking = 4
)

func qedBacking(h *Header, b []byte) (err error) {
	order := binary.LittleEndian
	features, ok := uint64At(order, b, qedFeatures)
	if !ok {
		return ErrInvalid
	}
	if features&qedHasBacking == 0 {
		return nil
	}
	at, ok := uint32At(order, b, qedBackingAt)
	size, ok2 := uint32At(order, b, qedBackingAt+4)
	if !ok || !ok2 {
		return ErrInvalid
	}
	if features&qedRawBacking != 0 {
		h.BackingFormat = "raw"
	}
	h.Backing, err = textAt(b, uint64(at), uint64(size))
	return err
}

func vmdkBacking(h *Header, b []byte) error {
	const descriptor = 0x200
	if len(b) <= descriptor {
		return ErrInvalid
	}
	_, rest, found := strings.Cut(string(b[descriptor:]), `parentFileNameHint="`)
	if !found {
		return nil
	}
	name, _, closed := strings.Cut(rest, `"`)
	if !closed {
		return ErrInvalid
	}
	h.Backing = name
	return nil
}
