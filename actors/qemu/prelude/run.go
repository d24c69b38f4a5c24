package prelude

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strconv"
	"syscall"

	"virtree.dev/actors/qemu/lockmanager"
	"virtree.dev/internal/sys"
	"virtree.dev/protocol/virerr"
)

// Name is what the process is called until it is QEMU.
const Name = "virt-prelude"

// variable makes a daemon's program a prelude; its value is the number of the socket.
const variable = "VIRTREE_PRELUDE"

// Order is what is to be done before QEMU. Its arguments are those of the process behind
// the first, its environment and descriptors are those of the process.
type Order struct {
	Holder *lockmanager.Holder
	User   *syscall.Credential `json:",omitempty"` // nil: as it is
}

// answer is what the process says before it is QEMU.
type answer struct {
	Ready  bool
	Failed *virerr.Error
}

// Run is the life of a prelude, where this process was started as one; then it does not return.
func Run() {
	number, err := strconv.Atoi(os.Getenv(variable))
	if err != nil {
		return
	}
	os.Unsetenv(variable)
	sys.CloseOnExec(number)
	socket := os.NewFile(uintptr(number), "daemon")
	failed := virerr.From(virerr.FromQEMU, play(socket))
	_ = json.NewEncoder(socket).Encode(answer{Failed: failed}) // where nobody is, nobody needs to know
	os.Exit(1)
}

// play ends with an error, or not at all.
func play(socket *os.File) error {
	in := newReader(socket)
	var o Order
	if err := receive(in, &o); err != nil {
		return err
	}
	if len(os.Args) < 2 {
		return errors.New("no program to become")
	}
	if o.Holder != nil {
		lease, err := o.Holder.Register(context.Background())
		if err != nil {
			return err
		}
		sys.KeepOnExec(int(lease.Fd()))
	}
	if err := become(o.User); err != nil {
		return err
	}
	if err := json.NewEncoder(socket).Encode(answer{Ready: true}); err != nil {
		return err
	}
	if _, err := in.ReadByte(); err != nil {
		return err // the daemon is gone: nobody would know of the machine
	}
	err := syscall.Exec(os.Args[1], os.Args[1:], os.Environ())
	return virerr.System(virerr.FromNone, err, "cannot execute binary %s", os.Args[1])
}

// become gives root's powers up.
func become(user *syscall.Credential) error {
	if user == nil {
		return nil
	}
	groups := make([]int, len(user.Groups))
	for i, g := range user.Groups {
		groups[i] = int(g)
	}
	if err := syscall.Setgroups(groups); err != nil {
		return virerr.System(virerr.FromNone, err, "cannot set supplemental groups")
	}
	if err := syscall.Setgid(int(user.Gid)); err != nil {
		return virerr.System(virerr.FromNone, err, "cannot change to '%d' group", user.Gid)
	}
	if err := syscall.Setuid(int(user.Uid)); err != nil {
		return virerr.System(virerr.FromNone, err, "cannot change to uid to '%d'", user.Uid)
	}
	return nil
}

// maxLine bounds what either side says.
const maxLine = 64 << 10

// receive reads one line.
func receive(in *bufio.Reader, v any) error {
	line, err := in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return errors.New("a line is too long")
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(line, v)
}

func newReader(r io.Reader) *bufio.Reader { return bufio.NewReaderSize(r, maxLine) }
