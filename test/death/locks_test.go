package death

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"virtree.dev/actors/rpc/rpcclient"
	"virtree.dev/protocol/lockprog"
	"virtree.dev/protocol/xdr"
)

// owner is who locks belong to: a machine, or a client that speaks for one.
type owner struct {
	lockprog.Owner
	lockd *supervised
	conn  *rpcclient.Client
}

func (s *supervised) owner(name string, pid int) *owner {
	return &owner{Owner: lockprog.Owner{UUID: lockprog.UUID{byte(pid), 1}, Name: name, ID: uint32(pid), Pid: uint32(pid)}, lockd: s}
}

func (o *owner) space() string { return o.lockd.host.path("locks") }

// call makes a call of a client that is registered. An error of the daemon's is one
// that was answered.
func (o *owner) call(proc int32, args xdr.Value) error {
	if o.conn == nil {
		if o.conn = o.lockd.dial(); o.conn == nil {
			return errors.New("it cannot be reached")
		}
		if err := o.call(lockprog.ProcRegister, &lockprog.RegisterArgs{Owner: o.Owner}); err != nil {
			return err
		}
		if err := o.call(lockprog.ProcCreateLockspace, &lockprog.CreateLockSpaceArgs{Path: o.space()}); err != nil && !o.answered(err) {
			return err
		} // that it is there already is fine
	}
	_, err := o.conn.Call(context.Background(), &lockprog.Program, proc, args, nil)
	if err != nil && !o.answered(err) {
		o.conn.Close()
		o.conn = nil
	}
	return err
}

// answered tells an error of the daemon's from one of a connection.
func (o *owner) answered(err error) bool { return o.conn != nil && o.conn.Ended() == nil && err != nil }

// sure makes a call until it is answered.
func (o *owner) sure(proc int32, args xdr.Value) error {
	for end := time.Now().Add(patience); ; {
		err := o.call(proc, args)
		if err == nil || o.answered(err) || time.Now().After(end) {
			return err
		}
	}
}

func (o *owner) acquire(name string) error {
	return o.sure(lockprog.ProcAcquireResource, &lockprog.AcquireResourceArgs{Path: o.space(), Name: name})
}

func (o *owner) release(name string) error {
	return o.sure(lockprog.ProcReleaseResource, &lockprog.ReleaseResourceArgs{Path: o.space(), Name: name})
}

// make makes the file of a lock, which stays there without one.
func (h *host) makeLock(name string) { h.must(os.WriteFile(h.path("locks/"+name), nil, 0o600)) }

// steal tries to have a lock as another program of the host would.
func (h *host) steal(name string) (stolen bool, err error) {
	f, err := os.OpenFile(h.path("locks/"+name), os.O_RDWR, 0)
	if err != nil {
		return false, err
	}
	defer f.Close()
	const setOFD = 37
	err = syscall.FcntlFlock(f.Fd(), setOFD, &syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart})
	if errors.Is(err, syscall.EAGAIN) {
		return false, nil
	}
	return err == nil, err
}

// thief tries to steal a lock until it is stopped.
func (h *host) thief(name string, stop <-chan struct{}, done *sync.WaitGroup, tries *atomic.Uint64) {
	done.Add(1)
	go func() {
		defer done.Done()
		for {
			select {
			case <-stop:
				return
			default:
			}
			stolen, err := h.steal(name)
			if err != nil || stolen {
				h.Errorf("the lock %s was stolen: %t, %v", name, stolen, err)
				return
			}
			tries.Add(1)
			time.Sleep(50 * time.Microsecond)
		}
	}()
}

// turnstile acquires and releases a lock all the time; while it has it, nobody
// else can. What was not answered is asked again.
func (s *supervised) turnstile(name string, stop <-chan struct{}, done *sync.WaitGroup, pairs *atomic.Uint64) {
	h := s.host
	sleeper := exec.Command("sleep", "infinity")
	h.must(sleeper.Start())
	h.Cleanup(func() { _ = sleeper.Process.Kill(); _ = sleeper.Wait() })
	o := s.owner(name, sleeper.Process.Pid)
	done.Add(1)
	go func() {
		defer done.Done()
		for {
			select {
			case <-stop:
				if o.conn != nil {
					o.conn.Close()
				}
				return
			default:
			}
			if err := o.pair(h, name); err != nil {
				h.Errorf("%s: %v", name, err)
				return
			}
			pairs.Add(1)
		}
	}()
}

func (o *owner) pair(h *host, name string) error {
	connection := o.conn
	if err := o.acquire(name); err != nil {
		// It may have been ours already, by a call that was not answered.
		if connection == o.conn {
			return fmt.Errorf("acquire: %w", err)
		}
	}
	if stolen, err := h.steal(name); stolen || err != nil {
		return fmt.Errorf("held, and stolen: %t, %w", stolen, err)
	}
	connection = o.conn
	if err := o.release(name); err != nil && connection == o.conn {
		return fmt.Errorf("release: %w", err)
	}
	return nil
}
