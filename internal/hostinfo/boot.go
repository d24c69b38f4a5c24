package hostinfo

import (
	"bytes"
	"encoding/binary"
	"errors"
	"runtime"
	"strconv"
)

// The records of utmp as glibc has them where time_t of it is of 32 bits.
const (
	utmpRecord  = 384
	utmpSeconds = 340
	utmpBoot    = 2
	maxUtmp     = 1 << 20
)

// BootTime is when the host was started, in seconds since 1970: what utmp says of it, or else the kernel.
func (h Host) BootTime() (uint64, error) {
	if b, err := h.read("/run/utmp"); err == nil && len(b) <= maxUtmp && runtime.GOARCH == "amd64" {
		if at := bootRecord(b); at > 0 {
			return at, nil
		}
	}
	b, err := h.read("/proc/stat")
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(b) {
		if v, ok := bytes.CutPrefix(line, []byte("btime ")); ok {
			return strconv.ParseUint(string(bytes.TrimSpace(v)), 10, 64)
		}
	}
	return 0, errors.New("the kernel does not tell when it was started")
}

// bootRecord finds the time of the record of a boot; 0 for none.
func bootRecord(b []byte) uint64 {
	for ; len(b) >= utmpRecord; b = b[utmpRecord:] {
		if binary.LittleEndian.Uint16(b) == utmpBoot {
			return uint64(binary.LittleEndian.Uint32(b[utmpSeconds:]))
		}
	}
	return 0
}
