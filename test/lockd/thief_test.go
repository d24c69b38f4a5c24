package lockd

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

const (
	thiefVariable = "LOCK_THIEF"
	thiefKinds    = "LOCK_THIEF_KINDS"
	setPOSIX      = 6  // F_SETLK
	setOFD        = 37 // F_OFD_SETLK
)

// steal tries to lock files, again and again, until its input ends.
func steal(paths []string) int {
	over := make(chan struct{})
	go func() {
		_, _ = os.Stdin.Read(make([]byte, 1))
		close(over)
	}()
	kinds := []int16{syscall.F_WRLCK}
	if os.Getenv(thiefKinds) != "" {
		kinds = append(kinds, syscall.F_RDLCK)
	}
	for round := 0; ; round++ {
		for _, path := range paths {
			for _, kind := range kinds {
				for _, command := range []int{setPOSIX, setOFD} {
					if err := try(path, kind, command); err != nil {
						fmt.Printf("round %d: %s: %v\n", round, path, err)
						return 1
					}
				}
			}
		}
		if round == 0 {
			fmt.Println("at it")
		}
		select {
		case <-over:
			fmt.Println("tried", round)
			return 0
		default:
		}
	}
}

// try gives an error where the lock of a file could be had, or is not there.
func try(path string, kind int16, command int) error {
	fd, err := syscall.Open(path, syscall.O_RDWR|syscall.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(fd)
	err = syscall.FcntlFlock(uintptr(fd), command, &syscall.Flock_t{Type: kind, Len: 1})
	if err == nil {
		return fmt.Errorf("locked by kind %d, command %d", kind, command)
	}
	return nil
}

// thief is a process that tries to lock files.
type thief struct {
	t   testing.TB
	cmd *exec.Cmd
	in  io.Closer
	out *bufio.Reader
}

// startThief begins to try. An exclusive one leaves shared locks alone.
func startThief(t testing.TB, exclusive bool, paths ...string) *thief {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), thiefVariable+"="+strings.Join(paths, ":"))
	if !exclusive {
		cmd.Env = append(cmd.Env, thiefKinds+"=all")
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	th := &thief{t, cmd, in, bufio.NewReader(out)}
	if line, _ := th.out.ReadString('\n'); line != "at it\n" {
		t.Fatalf("the thief: %s", line)
	}
	return th
}

// end stops the thief, who must have got nothing.
func (th *thief) end() {
	th.t.Helper()
	th.in.Close()
	line, _ := th.out.ReadString('\n')
	_ = th.cmd.Wait()
	if !strings.HasPrefix(line, "tried ") {
		th.t.Errorf("the thief: %s", line)
	}
}
