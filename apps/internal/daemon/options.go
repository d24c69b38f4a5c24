package daemon

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// options is a parsed command line.
type options struct {
	verbose, background, listen bool
	help, version               bool
	check                       bool // the configuration files, and nothing else
	config, pidFile             string
	timeout                     int // seconds; 0: stay for ever
}

var (
	// errStray is text on the command line that is no option: no usage follows it.
	errStray = errors.New("unexpected, non-option, command line arguments")
	// errTimeout is told by the log.
	errTimeout = errors.New("Invalid value for timeout")
)

// parseOptions reads a command line. Help and version end it there and then.
func parseOptions(args []string, hasListen bool) (*options, error) {
	o := &options{}
	s := scanner{args: args, flags: flags(hasListen)}
	for {
		letter, value, err := s.next()
		if err != nil {
			return nil, err
		}
		switch letter {
		case 'v':
			o.verbose = true
		case 'd':
			o.background = true
		case 'l':
			o.listen = true
		case checkConfig:
			o.check = true
		case 'f':
			o.config = value
		case 'p':
			o.pidFile = value
		case 't':
			if o.timeout, err = seconds(value); err != nil {
				return nil, err
			}
		case 'V':
			o.version = true
			return o, nil
		case 'h':
			o.help = true
			return o, nil
		case 0:
			if len(s.words) > 0 {
				return nil, errStray
			}
			return o, nil
		}
	}
}

// checkConfig stands for --check-config, which has no letter.
const checkConfig = 0xff

func flags(hasListen bool) []flag {
	all := []flag{{long: "verbose", short: 'v'}, {long: "daemon", short: 'd'}}
	if hasListen {
		all = append(all, flag{long: "listen", short: 'l'})
	}
	return append(all, flag{long: "config", short: 'f', value: true}, flag{long: "timeout", short: 't', value: true}, flag{long: "pid-file", short: 'p', value: true},
		flag{long: "version", short: 'V'}, flag{long: "help", short: 'h'},
		flag{long: "check-config", short: checkConfig, own: true})
}

// seconds reads the number at the beginning of a text, whatever follows it, as
// libvirt does, who counts in milliseconds of an int.
func seconds(text string) (int, error) {
	text = strings.TrimLeft(text, " \t\n\v\f\r")
	end := 0
	for end < len(text) && ('0' <= text[end] && text[end] <= '9' || end == 0 && (text[0] == '+' || text[0] == '-')) {
		end++
	}
	n, err := strconv.Atoi(text[:end])
	if err != nil || n < 0 || n > math.MaxInt32/1000 {
		return 0, errTimeout
	}
	return n, nil
}
