package lockd

import (
	"errors"
	"fmt"
	"time"

	"virtree.dev/internal/sys"
	"virtree.dev/protocol/lockprog"
	"virtree.dev/protocol/xdr"
)

// The state of a lock, in the store and on its way to the next program, is XDR:
// a thousand of them must be read in the time that a client may notice. What a
// later program adds stands at the end of a record, where an older one does not look.

const (
	recordLimit = 1 << 20
	ownersLimit = 1 << 16
	minOwner    = 48 // bytes of an owner, at the least
)

func appendOwner(b []byte, o *owner) []byte {
	b = xdr.AppendInt32(b, int32(o.PID))
	b = xdr.AppendUint32(b, o.ID)
	b = xdr.AppendString(b, o.Name)
	b = xdr.AppendFixed(b, o.UUID[:])
	b = xdr.AppendUint64(b, o.Start)
	b = xdr.AppendInt64(b, o.Since.Unix())
	return xdr.AppendUint32(b, uint32(o.Bond))
}

func decodeOwner(d *xdr.Decoder) (o owner) {
	o.PID = int(d.Int32())
	o.ID = d.Uint32()
	o.Name = d.String(lockprog.StringMax)
	d.Fixed(o.UUID[:])
	o.Start = d.Uint64()
	o.Since = time.Unix(d.Int64(), 0)
	tie := d.Uint32()
	if tie > uint32(lost) {
		d.Fail(fmt.Errorf("an owner is tied by %d", tie))
	}
	o.Bond = bond(tie)
	return o
}

// append adds a resource; number is that of its file.
func (r *resource) append(b []byte, number uint32) []byte {
	b = xdr.AppendUint32(b, number)
	b = xdr.AppendString(b, r.name)
	b = xdr.AppendUint32(b, r.flags)
	b = xdr.AppendString(b, r.key)
	b = xdr.AppendBool(b, r.noted)
	b = xdr.AppendUint64(b, r.file.Device)
	b = xdr.AppendUint64(b, r.file.Inode)
	b = xdr.AppendUint32(b, uint32(len(r.owners)))
	for i := range r.owners {
		b = appendOwner(b, &r.owners[i])
	}
	return b
}

// decodeResource reads what append wrote. The resource has no lease yet.
func decodeResource(b []byte, s *space) (r *resource, number uint32, err error) {
	d := xdr.NewDecoder(b)
	r = &resource{space: s}
	number = d.Uint32()
	r.name = d.String(lockprog.StringMax)
	r.flags = d.Uint32()
	r.key = d.String(lockprog.StringMax)
	r.noted = d.Bool()
	r.file = sys.FileID{Device: d.Uint64(), Inode: d.Uint64()}
	n := d.Len(ownersLimit, minOwner)
	for range n {
		r.owners = append(r.owners, decodeOwner(d))
	}
	if d.Err() != nil {
		return nil, 0, d.Err()
	}
	return r, number, r.check()
}

// check refuses what no program of ours can have left.
func (r *resource) check() error {
	if r.flags&^(shared|autocreate) != 0 {
		return fmt.Errorf("flags 0x%x of resource '%s' are not known", r.flags, r.name)
	}
	if len(r.owners) == 0 {
		return fmt.Errorf("nobody holds resource '%s'", r.name)
	}
	return nil
}

// errTable is given for a table that is none.
var errTable = errors.New("the table of locks cannot be understood")

// decodeTable reads the locks of a former program.
func (l *locks) decodeTable(b []byte, put func(r *resource, number uint32) error) error {
	d := xdr.NewDecoder(b)
	l.lastKey = d.Uint64()
	var failed []error
	for range d.Len(recordLimit, 8) {
		s := l.spaceFor(d.String(lockprog.StringMax))
		for range d.Len(recordLimit, 4) {
			r, number, err := decodeResource(d.Opaque(recordLimit), s)
			if err == nil {
				err = put(r, number)
			}
			if err != nil {
				failed = append(failed, err)
			}
			if d.Err() != nil {
				return fmt.Errorf("%w: %w", errTable, d.Err())
			}
		}
	}
	return errors.Join(append(failed, d.Err())...)
}

// appendTable writes all locks; take gives a number for each file.
func (l *locks) appendTable(b []byte, take func(*resource) uint32) []byte {
	b = xdr.AppendUint64(b, l.lastKey)
	b = xdr.AppendUint32(b, uint32(1+len(l.spaces)))
	b = l.direct.append(b, take)
	for _, s := range l.spaces {
		b = s.append(b, take)
	}
	return b
}

func (s *space) append(b []byte, take func(*resource) uint32) []byte {
	b = xdr.AppendString(b, s.dir)
	b = xdr.AppendUint32(b, uint32(len(s.resources)))
	var record []byte
	for _, r := range s.resources {
		record = r.append(record[:0], take(r))
		b = xdr.AppendOpaque(b, record)
	}
	return b
}
