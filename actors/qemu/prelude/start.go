package prelude

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"strconv"
	"syscall"
	"time"
)

// patience is how long a process may take until it can become QEMU.
const patience = 60 * time.Second

// own is this very program, be there another one at its path by now.
const own = "/proc/self/exe"

// Start starts the process and gives it when it is QEMU. a has the files that QEMU gets;
// who is to be QEMU's user stands in the order, as only root can register.
func Start(argv []string, a *os.ProcAttr, o Order) (*os.Process, error) {
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socketpair", err)
	}
	theirs := os.NewFile(uintptr(pair[1]), Name)
	ours, err := conn(pair[0])
	if err != nil {
		theirs.Close()
		return nil, err
	}
	defer ours.Close()
	attr := *a
	attr.Env = append(append([]string{}, a.Env...), variable+"="+strconv.Itoa(len(a.Files)))
	attr.Files = append(append([]*os.File{}, a.Files...), theirs)
	p, err := os.StartProcess(own, append([]string{Name}, argv...), &attr)
	theirs.Close()
	if err != nil {
		return nil, err
	}
	if err := command(ours, o); err != nil {
		_ = p.Kill()
		_, _ = p.Wait()
		return nil, err
	}
	return p, nil
}

func conn(fd int) (net.Conn, error) {
	f := os.NewFile(uintptr(fd), Name)
	defer f.Close()
	return net.FileConn(f)
}

// command gives the order and waits until it is carried out.
func command(c net.Conn, o Order) error {
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if err := json.NewEncoder(c).Encode(o); err != nil {
		return err
	}
	in := newReader(c)
	var a answer
	if err := receive(in, &a); err != nil {
		return ended(err)
	}
	if a.Failed != nil {
		return a.Failed
	}
	if _, err := c.Write([]byte{'\n'}); err != nil {
		return ended(err)
	}
	// The socket ends with execve; what is said until then is that there was none.
	switch err := receive(in, &a); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return ended(err)
	case a.Failed != nil:
		return a.Failed
	}
	return ended(io.ErrUnexpectedEOF)
}

func ended(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) {
		return errors.New("the process ended before it was the machine")
	}
	return err
}
