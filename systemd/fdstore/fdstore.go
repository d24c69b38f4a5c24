package fdstore

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"virtree.dev/systemd/notify"
)

// Prefix begins the names of what we gave systemd to hold.
const Prefix = "keep."

// patience bounds how long systemd may take for a message.
const patience = 5 * time.Second

// Holder is systemd's store of this service.
type Holder struct{}

// ErrNone is given where no service manager holds files for us.
var ErrNone = errors.New("no service manager holds files for this service (FileDescriptorStoreMax=)")

// Open tries whether systemd holds a file for us.
func Open() (Holder, error) {
	if !notify.Available() {
		return Holder{}, ErrNone
	}
	const probe = "probe"
	r, w, err := os.Pipe()
	if err != nil {
		return Holder{}, err
	}
	defer r.Close()
	err = hold(probe, w)
	w.Close()
	if err != nil {
		return Holder{}, err
	}
	defer Holder{}.Drop(probe)
	return Holder{}, held(r)
}

// held says by its other end whether a pipe is still open somewhere.
func held(r *os.File) error {
	raw, err := r.SyscallConn()
	if err != nil {
		return err
	}
	n := -1
	failed := raw.Read(func(fd uintptr) bool {
		n, err = syscall.Read(int(fd), make([]byte, 1))
		return true
	})
	switch {
	case failed != nil:
		return failed
	case errors.Is(err, syscall.EAGAIN):
		return nil
	case err == nil && n == 0:
		return ErrNone
	default:
		return fmt.Errorf("try the service manager's store: %w", err)
	}
}

// Hold lets systemd hold a file.
func (Holder) Hold(name string, f syscall.Conn) error { return hold(name, f) }

func hold(name string, f syscall.Conn) error {
	if err := checkName(name); err != nil {
		return err
	}
	if err := notify.SendFile("FDSTORE=1\nFDPOLL=0\nFDNAME="+Prefix+name, f); err != nil {
		return err
	}
	return notify.Barrier(patience)
}

// checkName holds a name to what systemd takes.
func checkName(name string) error {
	bad := name == "" || len(Prefix)+len(name) > 255
	for i := range len(name) {
		bad = bad || name[i] <= ' ' || name[i] >= 0x7f || name[i] == ':'
	}
	if bad {
		return fmt.Errorf("systemd takes no file of the name %q", name)
	}
	return nil
}

// Drop lets a file go.
func (Holder) Drop(name string) {
	_ = notify.Send("FDSTOREREMOVE=1\nFDNAME=" + Prefix + name) // held for nothing then, until the service ends
}
