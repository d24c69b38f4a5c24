package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/pflag"

	"virtree.dev/apps/internal/daemon"
	"virtree.dev/config/paths"
	"virtree.dev/supervisor/observe"
)

const usage = `Usage: virt-observe [OPTION]... [NAME]

Shows the processes of a daemon: state, waiting messages, the message in hand,
restarts and the last reason for one. With NAME only what is below processes
whose name begins so. Only root and the daemon's own user may look.

`

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, out, complaints io.Writer) int {
	f := pflag.NewFlagSet("virt-observe", pflag.ContinueOnError)
	f.SetOutput(complaints)
	name := f.StringP("daemon", "d", "libvirtd", "the daemon to look at")
	socket := f.StringP("socket", "s", "", "its socket, where it is not in the usual place")
	json := f.BoolP("json", "j", false, "as JSON")
	pages := f.BoolP("pages", "p", false, "what processes say of themselves as well")
	follow := f.DurationP("follow", "f", 0, "draw anew every second, or at this interval, until interrupted")
	f.Lookup("follow").NoOptDefVal = time.Second.String()
	version := f.BoolP("version", "V", false, "print the version")
	f.Usage = func() { fmt.Fprint(complaints, usage, f.FlagUsages()) }
	if err := f.Parse(args); err != nil {
		if errors.Is(err, pflag.ErrHelp) {
			return 0
		}
		fmt.Fprintln(complaints, "virt-observe:", err)
		return 2
	}
	if *version {
		fmt.Fprintln(out, "virt-observe (virtree)", daemon.Version)
		return 0
	}
	if *socket == "" {
		*socket = paths.Current().ObserveSocket(*name)
	}
	if *follow > 0 && !*json {
		out = screen{out}
	}
	r := observe.Request{JSON: *json, Pages: *pages, Name: f.Arg(0), Follow: *follow}
	if err := observe.Copy(out, *socket, r); err != nil {
		fmt.Fprintln(complaints, "virt-observe:", err)
		return 1
	}
	return 0
}

// screen draws each document over the one before.
type screen struct{ io.Writer }

func (s screen) Write(b []byte) (int, error) {
	if _, err := s.Writer.Write(bytes.ReplaceAll(b, []byte("\f"), []byte("\x1b[H\x1b[2J"))); err != nil {
		return 0, err
	}
	return len(b), nil
}
