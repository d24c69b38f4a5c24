package qemu

import (
	"os"
	"syscall"

	"virtree.dev/internal/sys"
)

// spawnSpec is a process that is to outlive us.
type spawnSpec struct {
	argv, env []string
	files     []*os.File // from descriptor 3 on
	output    *os.File
	dir       string
	user      *syscall.Credential // nil: our own
	memory    sys.MemoryPolicy
}

// spawn starts a process in a session of its own, so that no signal meant for us reaches it.
func spawn(s spawnSpec) (int, error) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		return 0, err
	}
	defer null.Close()
	var p *os.Process
	err = s.memory.During(func() (err error) {
		p, err = os.StartProcess(s.argv[0], s.argv, &os.ProcAttr{
			Dir:   s.dir,
			Env:   s.env,
			Files: append([]*os.File{null, s.output, s.output}, s.files...),
			Sys:   &syscall.SysProcAttr{Setsid: true, Credential: s.user},
		})
		return err
	})
	if err != nil {
		return 0, err
	}
	pid := p.Pid
	return pid, p.Release()
}
