package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/pflag"

	"virtree.dev/apps/internal/release"
	"virtree.dev/config/paths"
	"virtree.dev/supervisor/observe"
)

const usage = `Usage: virt-observe [OPTION]... [NAME]

Shows the processes of a daemon: state, waiting messages, the message in hand,
restarts and the last reason for one. With NAME only what is below processes
whose name begins so. With --jobs it shows who holds which object, since when and
for which client; with --flight it writes what the daemon did in the last seconds
to a file for "go tool trace". Only root and the daemon's own user may look.

`

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, out, complaints io.Writer) int {
	w, err := parse(args, complaints)
	switch {
	case errors.Is(err, pflag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintln(complaints, "virt-observe:", err)
		return 2
	case w.version:
		fmt.Fprintln(out, "virt-observe (virtree)", release.Version)
		return 0
	}
	if w.Follow > 0 && !w.JSON {
		out = screen{out}
	}
	if w.flight != "" {
		err = w.fly()
	} else {
		err = observe.Copy(out, w.socket, w.Request)
	}
	if err != nil {
		fmt.Fprintln(complaints, "virt-observe:", err)
		return 1
	}
	return 0
}

// wish is what the command line asks for.
type wish struct {
	observe.Request
	socket  string
	flight  string // the file for a trace
	version bool
}

func parse(args []string, complaints io.Writer) (*wish, error) {
	w := &wish{}
	f := pflag.NewFlagSet("virt-observe", pflag.ContinueOnError)
	f.SetOutput(complaints)
	name := f.StringP("daemon", "d", "libvirtd", "the daemon to look at")
	f.StringVarP(&w.socket, "socket", "s", "", "its socket, where it is not in the usual place")
	f.BoolVarP(&w.JSON, "json", "j", false, "as JSON")
	f.BoolVarP(&w.Pages, "pages", "p", false, "what processes say of themselves as well")
	f.DurationVarP(&w.Follow, "follow", "f", 0, "draw anew every second, or at this interval, until interrupted")
	f.Lookup("follow").NoOptDefVal = time.Second.String()
	f.BoolVar(&w.Jobs, "jobs", false, "who holds which object")
	f.StringVar(&w.flight, "flight", "", "write a trace of the last seconds to this file")
	last := f.Duration("for", 5*time.Second, "where nothing is recorded yet, record for so long first")
	f.DurationVar(&w.Record, "record", 0, "record for so long, so that --flight has the past at hand; -1s ends it")
	f.BoolVarP(&w.version, "version", "V", false, "print the version")
	f.Usage = func() { fmt.Fprint(complaints, usage, f.FlagUsages()) }
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	w.Name = f.Arg(0)
	if w.flight != "" {
		w.Flight = *last
	}
	if w.socket == "" {
		w.socket = paths.Current().ObserveSocket(*name)
	}
	return w, nil
}

// fly writes a trace to a file, which is there only if there is a trace.
func (w *wish) fly() error {
	var trace bytes.Buffer
	if err := observe.Copy(&trace, w.socket, w.Request); err != nil {
		return err
	}
	return os.WriteFile(w.flight, trace.Bytes(), 0o600)
}

// screen draws each document over the one before.
type screen struct{ io.Writer }

func (s screen) Write(b []byte) (int, error) {
	if _, err := s.Writer.Write(bytes.ReplaceAll(b, []byte("\f"), []byte("\x1b[H\x1b[2J"))); err != nil {
		return 0, err
	}
	return len(b), nil
}
