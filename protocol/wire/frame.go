package wire

import (
	"encoding/binary"
	"errors"

	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xdr"
)

// Sizes and bounds in bytes.
const (
	LengthSize  = 4
	HeaderSize  = 24
	MinFrame    = LengthSize + HeaderSize
	MaxFrame    = LengthSize + 33554432
	MaxPayload  = 33554408
	MaxFDs      = 32
	StreamChunk = 262120 // of the server's stream messages
)

// Type is what a message is.
type Type uint32

// The types.
const (
	Call Type = iota
	Reply
	Message
	Stream
	CallWithFDs
	ReplyWithFDs
	StreamHole
)

// Status is how it stands.
type Status uint32

// The statuses.
const (
	OK Status = iota
	Error
	Continue
)

// Header is the header of a message.
type Header struct {
	Program   uint32
	Version   uint32
	Procedure int32
	Type      Type
	Serial    uint32
	Status    Status
}

// The errors of framing: none of them can be answered, the connection ends.
var (
	ErrTooSmall = errors.New("packet too small")
	ErrTooLarge = errors.New("packet too large")
	ErrHeader   = errors.New("unable to decode message header")
)

// WithFDs says whether fds come with the message.
func (h *Header) WithFDs() bool { return h.Type == CallWithFDs || h.Type == ReplyWithFDs }

// Length reads the length of the frame that b begins with: 0 if b is too short
// to tell, an error if no frame has that length. A frame too short for a header
// is told by Parse, when it is there: libvirt waits for it as well.
func Length(b []byte) (int, error) {
	if len(b) < LengthSize {
		return 0, nil
	}
	n := binary.BigEndian.Uint32(b)
	switch {
	case n < LengthSize:
		return 0, ErrTooSmall
	case n > MaxFrame:
		return 0, ErrTooLarge
	case n == LengthSize:
		return 0, ErrHeader
	}
	return int(n), nil
}

// Parse takes a whole frame apart. A type or status that nobody knows is no
// error: whoever dispatches the frame drops or answers it.
func Parse(frame []byte) (h Header, payload []byte, err error) {
	if len(frame) < MinFrame {
		return h, nil, ErrHeader
	}
	u := func(at int) uint32 { return binary.BigEndian.Uint32(frame[LengthSize+at:]) }
	h = Header{u(0), u(4), int32(u(8)), Type(u(12)), u(16), Status(u(20))}
	return h, frame[MinFrame:], nil
}

// NumFDs reads the number of fds before the payload of a message with fds.
func NumFDs(payload []byte) (n int, rest []byte, err error) {
	if len(payload) < 4 {
		return 0, nil, virerr.New(virerr.FromRPC, virerr.RPC, "Unable to decode number of FDs")
	}
	count := binary.BigEndian.Uint32(payload)
	if count > MaxFDs {
		return 0, nil, virerr.New(virerr.FromRPC, virerr.RPC, "Received too many FDs %d, expected %d maximum", count, MaxFDs)
	}
	return int(count), payload[4:], nil
}

// Begin appends the length's place and the header; Finish fills in the length.
func Begin(b []byte, h Header) []byte {
	b = append(b, 0, 0, 0, 0)
	b = binary.BigEndian.AppendUint32(b, h.Program)
	b = binary.BigEndian.AppendUint32(b, h.Version)
	b = binary.BigEndian.AppendUint32(b, uint32(h.Procedure))
	b = binary.BigEndian.AppendUint32(b, uint32(h.Type))
	b = binary.BigEndian.AppendUint32(b, h.Serial)
	return binary.BigEndian.AppendUint32(b, uint32(h.Status))
}

// Finish writes the length of the frame that began at start. ErrTooLarge when
// it is no frame any more.
func Finish(b []byte, start int) error {
	n := len(b) - start
	if n > MaxFrame {
		return ErrTooLarge
	}
	binary.BigEndian.PutUint32(b[start:], uint32(n))
	return nil
}

// Append appends a whole frame; v may be nil.
func Append(b []byte, h Header, v xdr.Value) ([]byte, error) {
	start := len(b)
	b = Begin(b, h)
	if v != nil {
		b = v.AppendXDR(b)
	}
	if err := Finish(b, start); err != nil {
		return b[:start], virerr.New(virerr.FromRPC, virerr.RPC, "Unable to encode message payload")
	}
	return b, nil
}

// AppendRaw appends a whole frame with bytes for a payload.
func AppendRaw(b []byte, h Header, payload []byte) []byte {
	start := len(b)
	b = append(Begin(b, h), payload...)
	binary.BigEndian.PutUint32(b[start:], uint32(len(b)-start))
	return b
}

// Hole is the payload of a stream hole.
type Hole struct {
	Length int64
	Flags  uint32
}

// AppendXDR implements xdr.Value.
func (v *Hole) AppendXDR(b []byte) []byte {
	return xdr.AppendUint32(xdr.AppendInt64(b, v.Length), v.Flags)
}

// DecodeXDR implements xdr.Value.
func (v *Hole) DecodeXDR(d *xdr.Decoder) { v.Length, v.Flags = d.Int64(), d.Uint32() }
