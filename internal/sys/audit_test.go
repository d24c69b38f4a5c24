package sys

import (
	"bytes"
	"encoding/binary"
	"errors"
	"syscall"
	"testing"
)

func TestAuditMessage(t *testing.T) {
	b := auditMessage(2500, 7, "op=x")
	want := binary.NativeEndian.AppendUint32(nil, 16+5)
	want = binary.NativeEndian.AppendUint16(want, 2500)
	want = binary.NativeEndian.AppendUint16(want, 5) // a request that wants an answer
	want = binary.NativeEndian.AppendUint32(want, 7)
	want = binary.NativeEndian.AppendUint32(want, 0)
	want = append(want, "op=x\x00\x00\x00\x00"...)
	if !bytes.Equal(b, want) {
		t.Errorf("got  %x\nwant %x", b, want)
	}
}

func TestAuditAnswer(t *testing.T) {
	answer := func(kind uint16, seq uint32, code int32) []byte {
		b := binary.NativeEndian.AppendUint32(nil, 36)
		b = binary.NativeEndian.AppendUint16(b, kind)
		b = binary.NativeEndian.AppendUint16(b, 0)
		b = binary.NativeEndian.AppendUint32(b, seq)
		b = binary.NativeEndian.AppendUint32(b, 0)
		return binary.NativeEndian.AppendUint32(b, uint32(code))
	}
	if err, mine := auditAnswer(answer(2, 7, 0), 7); err != nil || !mine {
		t.Errorf("taken: %v, %v", err, mine)
	}
	if err, mine := auditAnswer(answer(2, 7, -1), 7); !errors.Is(err, syscall.EPERM) || !mine {
		t.Errorf("refused: %v, %v", err, mine)
	}
	for name, b := range map[string][]byte{"another's": answer(2, 6, -1), "no answer": answer(1300, 7, -1), "short": {1, 2}} {
		if err, mine := auditAnswer(b, 7); err != nil || mine {
			t.Errorf("%s: %v, %v", name, err, mine)
		}
	}
}

func FuzzAuditAnswer(f *testing.F) {
	f.Add([]byte("\x24\x00\x00\x00\x02\x00\x00\x00\x07\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff"), uint32(7))
	f.Fuzz(func(_ *testing.T, b []byte, seq uint32) { _, _ = auditAnswer(b, seq) })
}

// The kernel takes or refuses a record; it is never silent for long.
func TestAuditOfTheKernel(t *testing.T) {
	a, err := OpenAudit()
	if err != nil {
		t.Skipf("needs a kernel with an audit system: %v", err)
	}
	defer a.Close()
	const machineControl = 2500
	if err := a.Send(machineControl, "virt=test op=test"); err != nil && !errors.Is(err, syscall.EPERM) && !errors.Is(err, syscall.ECONNREFUSED) {
		t.Error(err)
	}
}
