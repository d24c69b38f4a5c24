package guest

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

func TestSectorsHaveTheirSignature(t *testing.T) {
	for name, assemble := range map[string]func() ([]byte, error){"counting": BootSector, "keyboard": Keyboard} {
		b, err := assemble()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(b) != 512 || b[510] != 0x55 || b[511] != 0xaa {
			t.Errorf("%s: %d bytes, signature %x", name, len(b), b[len(b)-2:])
		}
	}
}

func TestAssemblerRefusesWhatCannotBe(t *testing.T) {
	a := &assembler{labels: map[string]int{}}
	a.jump("nowhere")
	if _, err := a.sector(); err == nil {
		t.Error("a jump to no label: no error")
	}
	a = &assembler{labels: map[string]int{}}
	a.jump("far")
	a.emit(make([]byte, 200)...)
	a.label("far")
	if _, err := a.sector(); err == nil {
		t.Error("a short jump over 200 bytes: no error")
	}
}

func TestGuestSpeaks(t *testing.T) {
	qemu, err := exec.LookPath("qemu-system-x86_64")
	if err != nil {
		t.Skip("needs qemu-system-x86_64 (package qemu-system-x86)")
	}
	b, err := BootSector()
	if err != nil {
		t.Fatal(err)
	}
	disk := filepath.Join(t.TempDir(), "disk")
	if err := os.WriteFile(disk, b, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, qemu, "-accel", "tcg", "-m", "16", "-nodefaults", "-display", "none",
		"-serial", "stdio", "-drive", "format=raw,file="+disk)
	out := &until{want: []byte("tick 1"), found: cancel}
	cmd.Stdout = out
	_ = cmd.Run() // ended by the context as soon as the text is there
	if got := out.buf.Bytes(); !bytes.Contains(got, []byte(Greeting)) || !bytes.Contains(got, []byte("tick 1")) {
		t.Errorf("the guest said %q", got)
	}
}

// until is a writer that reports a text once.
type until struct {
	buf   bytes.Buffer
	want  []byte
	found func()
}

func (u *until) Write(p []byte) (int, error) {
	u.buf.Write(p)
	if bytes.Contains(u.buf.Bytes(), u.want) {
		u.found()
	}
	return len(p), nil
}
