package logd

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"time"

	"virtree.dev/actors/logd/rotating"
	"virtree.dev/internal/sys"
)

// tellEvery is how often the daemon's log is told of a loss that goes on.
const tellEvery = time.Minute

func (f *logFile) hasLost() bool {
	f.intake.Lock()
	defer f.intake.Unlock()
	return f.lost.Bytes > 0
}

// relieve empties the pipe of a log file that takes nothing, before a machine is
// blocked by it: when it is half full. What is taken is lost, and counted.
func (f *logFile) relieve(why string, buffer []byte) {
	f.intake.Lock()
	defer f.intake.Unlock()
	if f.pipe == nil {
		return
	}
	n, err := f.pipe.Buffered()
	if err != nil || n == 0 {
		return
	}
	f.enlarge()
	room, err := f.pipe.Capacity()
	if err != nil || n < room/2 {
		return
	}
	first := f.lost.Bytes == 0
	if first {
		f.lost.Since, f.lost.Reason = time.Now(), why
	}
	for taken := 0; taken < n; {
		got, err := f.pipe.Read(buffer[:min(len(buffer), n-taken)])
		if err != nil || got == 0 {
			break
		}
		taken += got
		f.lost.Bytes += uint64(got)
		f.lost.Lines += uint64(bytes.Count(buffer[:got], []byte{'\n'}))
	}
	f.tellLoss()
}

// tellLoss says at once that something is lost, and from then on how much. The
// intake is held.
func (f *logFile) tellLoss() {
	now := time.Now()
	if now.Sub(f.lost.told) < tellEvery {
		return
	}
	f.lost.told = now
	f.service.log.Error(fmt.Sprintf("log file %s loses what cannot be written: %s so far: %s", f.Path, f.lost.size(), f.lost.Reason))
	f.service.keepLoss(f)
}

// takeLoss makes a notice of what was lost. The lock is held.
func (f *logFile) takeLoss() {
	f.intake.Lock()
	lost := f.lost
	f.lost = loss{}
	f.intake.Unlock()
	if lost.Bytes == 0 {
		return
	}
	f.service.log.Error(fmt.Sprintf("log file %s lost %s since %s: %s", f.Path, lost.size(), stamp(lost.Since), lost.Reason))
	text := fmt.Sprintf("%s: virtlogd: %s are missing here: %s\n", stamp(time.Now()), lost.size(), lost.Reason)
	if len(f.notice) == 0 && !f.atLineStart() {
		text = "\n" + text
	}
	f.notice = append(f.notice, rotating.Text(text)...)
}

// stamp writes a time as all of libvirt's logs do.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.000-0700") }

func (l loss) size() string {
	return fmt.Sprintf("%d bytes in %d lines", l.Bytes, l.Lines)
}

// atLineStart says whether the log file ends with the end of a line.
func (f *logFile) atLineStart() bool {
	file, err := os.Open(f.Path)
	if err != nil {
		return true
	}
	defer file.Close()
	if _, err := file.Seek(-1, io.SeekEnd); err != nil {
		return true // there is nothing in it
	}
	var last [1]byte
	_, err = file.Read(last[:])
	return err != nil || last[0] == '\n'
}

// discard counts what is in a pipe as lost, at the end of a log file that gives
// way to another one.
func (f *logFile) discard() loss {
	f.intake.Lock()
	defer f.intake.Unlock()
	lost := f.lost
	for _, p := range []*sys.Pipe{f.buffer, f.pipe} {
		if p == nil {
			continue
		}
		buffer := make([]byte, copySize)
		for {
			n, err := p.Read(buffer)
			if err != nil || n == 0 {
				break
			}
			lost.Bytes += uint64(n)
			lost.Lines += uint64(bytes.Count(buffer[:n], []byte{'\n'}))
		}
	}
	if t := f.trouble.Load(); t != nil && lost.Bytes > 0 && lost.Reason == "" {
		lost.Since, lost.Reason = t.since, reason(t.err)
	}
	return lost
}
