package rpcclient

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"virtree.dev/internal/command"
)

// lingers is how a daemon is started that is to end by itself, some time after its last client.
const lingers = "--timeout=120"

// detach runs a program in the background. The shell is gone at once: the program is
// nobody's child, so that its end leaves no zombie, and no signal of ours reaches it.
const detach = `set -m; "$0" "$@" </dev/null >/dev/null 2>&1 &`

// inherited are the variables that a daemon gets of ours.
var inherited = []string{
	"LD_PRELOAD", "LD_LIBRARY_PATH", "PATH", "HOME", "USER", "LOGNAME", "TMPDIR",
	"XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR",
}

func (d *Daemon) start(ctx context.Context, program string) error {
	runner := d.Runner
	if runner == nil {
		runner = command.Host{}
	}
	_, err := runner.Run(ctx, command.Command{
		Path: "/bin/sh", Args: []string{"-c", detach, program, lingers}, Env: d.environment(), Dir: "/",
	})
	return err
}

func (d *Daemon) environment() []string {
	getenv := d.Getenv
	if getenv == nil {
		getenv = os.Getenv
	}
	env := []string{"LC_ALL=C"}
	for _, name := range inherited {
		if v := getenv(name); v != "" {
			env = append(env, name+"="+v)
		}
	}
	return env
}

// sbin is where daemons are that a user's PATH does not lead to.
var sbin = []string{"/usr/sbin", "/usr/local/sbin"}

// Find gives the path of a daemon's program: that of the environment variable
// NAME_PATH, which names the folder as libvirt has it, or the program; else beside
// our own; else in PATH. Empty when there is none.
func Find(name string) string {
	if path := os.Getenv(strings.ToUpper(name) + "_PATH"); path != "" {
		if info, err := os.Stat(path); err != nil || info.IsDir() {
			return filepath.Join(path, name)
		}
		return path
	}
	if own, err := os.Executable(); err == nil {
		if path := filepath.Join(filepath.Dir(own), name); isProgram(path) {
			return path
		}
	}
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	for _, dir := range sbin {
		if path := filepath.Join(dir, name); isProgram(path) {
			return path
		}
	}
	return ""
}

func isProgram(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir() && info.Mode()&0o111 != 0
}
