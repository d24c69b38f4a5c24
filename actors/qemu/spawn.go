package qemu

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"virtree.dev/actors/qemu/lockmanager"
	"virtree.dev/actors/qemu/prelude"
	"virtree.dev/internal/sys"
	"virtree.dev/protocol/virerr"
)

// spawnSpec is a process that is to outlive us.
type spawnSpec struct {
	argv, env []string
	files     []*os.File // from descriptor 3 on
	output    *os.File
	dir       string
	user      *syscall.Credential // nil: our own
	memory    sys.MemoryPolicy
	holder    *lockmanager.Holder // who is to hold leases, before the program begins; or nil
}

// spawn starts a process in a session of its own, so that no signal meant for us reaches it.
func spawn(s spawnSpec) (int, error) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		return 0, err
	}
	defer null.Close()
	attr := &os.ProcAttr{
		Dir:   s.dir,
		Env:   s.env,
		Files: append([]*os.File{null, s.output, s.output}, s.files...),
		Sys:   &syscall.SysProcAttr{Setsid: true},
	}
	var p *os.Process
	err = s.memory.During(func() (err error) {
		if s.holder != nil {
			p, err = prelude.Start(s.argv, attr, prelude.Order{Holder: s.holder, User: s.user})
			return err
		}
		attr.Sys.Credential = s.user
		p, err = os.StartProcess(s.argv[0], s.argv, attr)
		return err
	})
	if err != nil {
		return 0, err
	}
	pid := p.Pid
	return pid, p.Release()
}

// spawnError says that a program could not be started, where nobody has said more.
func spawnError(program string, err error) error {
	var told *virerr.Error
	if errors.As(err, &told) {
		return priorToExec(told)
	}
	return fmt.Errorf("cannot execute binary %s: %w", program, err)
}
