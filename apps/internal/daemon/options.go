package daemon

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
)

// options is a parsed command line.
type options struct {
	verbose, background, listen bool
	help, version               bool
	config, pidFile, timeout    string
}

// usageError is a command line that cannot be understood, in getopt's words.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

// errStray is text on the command line that is no option: no usage follows it.
var errStray = errors.New("unexpected, non-option, command line arguments")

func parseOptions(args []string, hasListen bool) (*options, error) {
	o := &options{}
	fs := pflag.NewFlagSet("", pflag.ContinueOnError)
	fs.BoolVarP(&o.help, "help", "h", false, "")
	fs.BoolVarP(&o.verbose, "verbose", "v", false, "")
	fs.BoolVarP(&o.background, "daemon", "d", false, "")
	if hasListen {
		fs.BoolVarP(&o.listen, "listen", "l", false, "")
	}
	fs.StringVarP(&o.timeout, "timeout", "t", "", "")
	fs.StringVarP(&o.config, "config", "f", "", "")
	fs.BoolVarP(&o.version, "version", "V", false, "")
	fs.StringVarP(&o.pidFile, "pid-file", "p", "", "")
	args, err := completeNames(fs, args)
	if err != nil {
		return nil, err
	}
	if err := fs.Parse(args); err != nil {
		return nil, getoptError(err)
	}
	if fs.NArg() > 0 && !o.help && !o.version {
		return nil, errStray
	}
	return o, nil
}

// completeNames writes abbreviated long options out, which getopt allows as
// long as they mean one option, and refuses values where none belongs.
func completeNames(fs *pflag.FlagSet, args []string) ([]string, error) {
	out := make([]string, len(args))
	copy(out, args)
	for i := 0; i < len(args); i++ {
		if args[i] == "--" {
			break
		}
		long, isLong := strings.CutPrefix(args[i], "--")
		if !isLong {
			if takesNext(fs, args[i]) {
				i++
			}
			continue
		}
		name, value, hasValue := strings.Cut(long, "=")
		flag, err := findFlag(fs, name)
		if err != nil {
			return nil, err
		}
		isBool := flag.Value.Type() == "bool"
		if hasValue && isBool {
			return nil, &usageError{fmt.Sprintf("option '--%s' doesn't allow an argument", flag.Name)}
		}
		out[i] = "--" + flag.Name
		if hasValue {
			out[i] += "=" + value
		} else if !isBool {
			i++
		}
	}
	return out, nil
}

// takesNext says whether a group of short options ends in one whose value is the next word.
func takesNext(fs *pflag.FlagSet, arg string) bool {
	if len(arg) < 2 || arg[0] != '-' {
		return false
	}
	for i := 1; i < len(arg); i++ {
		f := fs.ShorthandLookup(arg[i : i+1])
		if f == nil {
			return false
		}
		if f.Value.Type() != "bool" {
			return i == len(arg)-1
		}
	}
	return false
}

func findFlag(fs *pflag.FlagSet, name string) (*pflag.Flag, error) {
	if f := fs.Lookup(name); f != nil {
		return f, nil
	}
	fs.SortFlags = false
	var found []*pflag.Flag
	fs.VisitAll(func(f *pflag.Flag) {
		if strings.HasPrefix(f.Name, name) {
			found = append(found, f)
		}
	})
	switch len(found) {
	case 0:
		return nil, &usageError{fmt.Sprintf("unrecognized option '--%s'", name)}
	case 1:
		return found[0], nil
	}
	var names []string
	for _, f := range found {
		names = append(names, "'--"+f.Name+"'")
	}
	return nil, &usageError{fmt.Sprintf("option '--%s' is ambiguous; possibilities: %s", name, strings.Join(names, " "))}
}

func getoptError(err error) error {
	var (
		unknown *pflag.NotExistError
		missing *pflag.ValueRequiredError
	)
	switch {
	case errors.As(err, &unknown):
		return &usageError{fmt.Sprintf("invalid option -- '%.1s'", unknown.GetSpecifiedName())}
	case errors.As(err, &missing) && missing.GetSpecifiedShortnames() != "":
		return &usageError{fmt.Sprintf("option requires an argument -- '%s'", missing.GetSpecifiedName())}
	case errors.As(err, &missing):
		return &usageError{fmt.Sprintf("option '--%s' requires an argument", missing.GetSpecifiedName())}
	}
	return &usageError{err.Error()}
}

// seconds reads --timeout; libvirt counts it in milliseconds of an int.
func (o *options) seconds() (int, error) {
	if o.timeout == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(o.timeout)
	if err != nil || n < 0 || n > math.MaxInt32/1000 {
		return 0, errors.New("Invalid value for timeout")
	}
	return n, nil
}
