package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"

	"github.com/spf13/pflag"

	"virtree.dev/apps/internal/endpoint"
	"virtree.dev/apps/internal/release"
)

const usage = `Usage:
  %s [OPTION…] URI

Connects standard input and output to the socket of a daemon of this host, for a
client that comes by ssh. Clients start it by themselves.

Options:
%s`

func main() { os.Exit(run(os.Args, os.Stdin, os.Stdout, os.Stderr)) }

func run(args []string, in, out *os.File, complaints io.Writer) int {
	name := args[0]
	w, err := parse(args[1:])
	switch {
	case err != nil:
		fmt.Fprintf(complaints, "option parsing failed: %s\n", err)
		return 1
	case w.help:
		fmt.Fprintf(out, usage, name, w.options)
		return 0
	case w.version:
		fmt.Fprintf(out, "%s (libvirt) %s\n", name, release.Version)
		return 0
	case len(w.rest) != 1:
		fmt.Fprintf(complaints, usage, name, w.options)
		return 1
	}
	if err := w.serve(w.rest[0], int(in.Fd()), int(out.Fd())); err != nil {
		fmt.Fprintf(complaints, "%s: %s\n", name, err)
		return 1
	}
	return 0
}

// wish is what the command line asks for.
type wish struct {
	readOnly, version, help bool
	options                 string
	rest                    []string
}

func parse(args []string) (wish, error) {
	var w wish
	f := pflag.NewFlagSet("virt-ssh-helper", pflag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.Usage = func() {}
	f.BoolVarP(&w.readOnly, "readonly", "r", false, "connect to the socket that only shows things")
	f.BoolVarP(&w.version, "version", "V", false, "print the version")
	f.BoolVarP(&w.help, "help", "h", false, "print this help")
	w.options = f.FlagUsages()
	err := f.Parse(args)
	w.rest = f.Args()
	return w, err
}

// serve connects to the URI's daemon and carries bytes until one side has ended.
func (w wish) serve(text string, in, out int) error {
	uri, err := endpoint.Parse(text)
	if bad := new(url.Error); errors.As(err, &bad) {
		return fmt.Errorf("cannot parse '%s': %w", text, bad.Err)
	}
	if err != nil {
		return fmt.Errorf("cannot parse URI transport '%s': %w", text, err)
	}
	if uri.Transport != endpoint.Unix {
		return fmt.Errorf("unexpected URI transport '%s': only a socket of this host can be connected to", text)
	}
	d := endpoint.Current().Daemon(uri, w.readOnly)
	c, err := d.Dial(context.Background())
	if err != nil {
		return fmt.Errorf("cannot connect to '%s': %w", d.Socket, err)
	}
	defer c.Close()
	socket, err := c.File()
	if err != nil {
		return err
	}
	defer socket.Close()
	if err := carry(in, out, int(socket.Fd())); err != nil {
		return fmt.Errorf("could not proxy traffic: %w", err)
	}
	return nil
}
