package hostinfo

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// tick is the unit of the times in /proc.
const tick = 10 * time.Millisecond

// ProcessTimes is what a process or a thread used.
type ProcessTimes struct {
	User, System time.Duration
	RSS          uint64 // KiB
	Processor    int    // where it ran last
	Start        uint64 // ticks since boot: with the pid, a process's identity
	State        byte
}

// CPU gives the sum of the times.
func (t ProcessTimes) CPU() time.Duration { return t.User + t.System }

// ProcessTimes reads the times of a process with all its threads.
func (h Host) ProcessTimes(pid int) (ProcessTimes, error) {
	return h.stat(fmt.Sprintf("/proc/%d/stat", pid))
}

// ThreadTimes reads the times of one thread.
func (h Host) ThreadTimes(pid, tid int) (ProcessTimes, error) {
	return h.stat(fmt.Sprintf("/proc/%d/task/%d/stat", pid, tid))
}

// ProcessOwner tells whose process it is.
func (h Host) ProcessOwner(pid int) (uid, gid uint32, err error) {
	info, err := os.Lstat(h.path(fmt.Sprintf("/proc/%d", pid)))
	if err != nil {
		return 0, 0, err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, syscall.ENOSYS
	}
	return st.Uid, st.Gid, nil
}

// Numbers of the fields in /proc/PID/stat behind the name.
const (
	fieldState     = 0
	fieldUser      = 11
	fieldSystem    = 12
	fieldStart     = 19
	fieldRSS       = 21
	fieldProcessor = 36
)

func (h Host) stat(path string) (ProcessTimes, error) {
	b, err := h.read(path)
	if err != nil {
		return ProcessTimes{}, err
	}
	return parseStat(b)
}

func parseStat(b []byte) (ProcessTimes, error) {
	_, rest, _ := bytes.Cut(b[max(0, bytes.LastIndexByte(b, ')')):], []byte(") "))
	f := strings.Fields(string(rest))
	if len(f) <= fieldProcessor {
		return ProcessTimes{}, errors.New("stat of a process is too short")
	}
	number := func(i int) uint64 {
		n, _ := strconv.ParseUint(f[i], 10, 64)
		return n
	}
	return ProcessTimes{
		State:     f[fieldState][0],
		User:      time.Duration(number(fieldUser)) * tick,
		System:    time.Duration(number(fieldSystem)) * tick,
		Start:     number(fieldStart),
		RSS:       number(fieldRSS) * uint64(os.Getpagesize()/1024),
		Processor: int(number(fieldProcessor)),
	}, nil
}

// Schedstat reads how long a thread ran and how long it waited to run.
func (h Host) Schedstat(pid, tid int) (ran, waited time.Duration, err error) {
	s, err := h.text(fmt.Sprintf("/proc/%d/task/%d/schedstat", pid, tid))
	if err != nil {
		return 0, 0, err
	}
	var r, w int64
	if _, err := fmt.Sscan(s, &r, &w); err != nil {
		return 0, 0, err
	}
	return time.Duration(r), time.Duration(w), nil
}

// Threads lists the threads of a process.
func (h Host) Threads(pid int) ([]int, error) {
	return h.numbered(fmt.Sprintf("/proc/%d/task", pid))
}

// CommandLine reads the arguments of a process.
func (h Host) CommandLine(pid int) ([]string, error) {
	b, err := h.read(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil || len(b) == 0 {
		return nil, err
	}
	return strings.Split(strings.TrimSuffix(string(b), "\x00"), "\x00"), nil
}

// Traffic is what went through a network interface.
type Traffic struct {
	RxBytes, RxPackets, RxErrors, RxDropped int64
	TxBytes, TxPackets, TxErrors, TxDropped int64
}

// Traffic reads the counters of a network interface of the host.
func (h Host) Traffic(name string) (Traffic, error) {
	folder := filepath.Join("/sys/class/net", filepath.Base(name), "statistics")
	var t Traffic
	var first error
	read := func(file string, to *int64) {
		s, err := h.text(filepath.Join(folder, file))
		if err == nil {
			*to, err = strconv.ParseInt(s, 10, 64)
		}
		if first == nil {
			first = err
		}
	}
	read("rx_bytes", &t.RxBytes)
	read("rx_packets", &t.RxPackets)
	read("rx_errors", &t.RxErrors)
	read("rx_dropped", &t.RxDropped)
	read("tx_bytes", &t.TxBytes)
	read("tx_packets", &t.TxPackets)
	read("tx_errors", &t.TxErrors)
	read("tx_dropped", &t.TxDropped)
	return t, first
}

// Processes lists the processes of the host.
func (h Host) Processes() ([]int, error) { return h.numbered("/proc") }

// numbered lists the entries of a folder that are numbers.
func (h Host) numbered(folder string) ([]int, error) {
	entries, err := os.ReadDir(h.path(folder))
	if err != nil {
		return nil, err
	}
	var list []int
	for _, e := range entries {
		if n, err := strconv.Atoi(e.Name()); err == nil {
			list = append(list, n)
		}
	}
	return list, nil
}
