package freeze

import (
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"virtree.dev/internal/sys"
)

// unheardVariable has the numbers of signals that came too late for a program.
const unheardVariable = "VIRTREE_UNHEARD"

// silence stops hearing signals, for the next program to hear them. What had come is
// in unheard. The thread must be locked; resume hears them here again.
//
// Those that Go lets threads block, SIGUSR1 among them, wait for the next program.
// SIGHUP, which asks for a look at files that the next program has anyway, is ignored
// until that listens, for it would be its end; what asks for an end is one.
func (p Program) silence() (unheard []syscall.Signal, resume func(), err error) {
	unblock, err := sys.BlockSignals(p.Signals...)
	if err != nil {
		return nil, nil, err
	}
	if slices.Contains(p.Signals, syscall.SIGHUP) {
		signal.Ignore(syscall.SIGHUP)
	}
	if p.Inbox != nil {
		signal.Stop(p.Inbox) // what Go has taken by now is in the inbox then
		unheard = drain(p.Inbox)
	}
	return unheard, func() {
		for _, n := range p.Signals {
			if p.Inbox != nil {
				signal.Notify(p.Inbox, n)
			}
		}
		Hear(p.Inbox, unheard)
		unblock()
	}, nil
}

func drain(inbox chan os.Signal) (list []syscall.Signal) {
	for {
		select {
		case sig := <-inbox:
			if n, ok := sig.(syscall.Signal); ok {
				list = append(list, n)
			}
		default:
			return list
		}
	}
}

// Hear puts signals into an inbox as if they came now.
func Hear(inbox chan os.Signal, signals []syscall.Signal) {
	for _, n := range signals {
		select {
		case inbox <- n:
		default: // there are as many of another kind as there is room for
		}
	}
}

func join(signals []syscall.Signal) string {
	var numbers []string
	for _, s := range signals {
		numbers = append(numbers, strconv.Itoa(int(s)))
	}
	return strings.Join(numbers, " ")
}

// Unheard gives the signals that the former program left, once.
func Unheard() (signals []syscall.Signal) {
	defer os.Unsetenv(unheardVariable)
	for _, text := range strings.Fields(os.Getenv(unheardVariable)) {
		if n, err := strconv.Atoi(text); err == nil {
			signals = append(signals, syscall.Signal(n))
		}
	}
	return signals
}
