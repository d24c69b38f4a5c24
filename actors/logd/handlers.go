package logd

import (
	"bytes"
	"strings"

	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/logd/rotating"
	"virtree.dev/protocol/logprog"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/uuid"
)

// newTable has the handlers of the log program. Each may wait for a disk, and
// gives its worker back meanwhile.
func (s *Service) newTable() *dispatch.Table {
	t := dispatch.NewTable(&logprog.Program)
	dispatch.Handle(t, logprog.ProcDomainOpenLogFile, dispatch.Worker, s.openLogFile)
	dispatch.Handle(t, logprog.ProcDomainGetLogFilePosition, dispatch.Worker, s.getPosition)
	dispatch.Handle(t, logprog.ProcDomainReadLogFile, dispatch.Worker, s.readLogFile)
	dispatch.Handle(t, logprog.ProcDomainAppendLogFile, dispatch.Worker, s.appendLogFile)
	return t
}

// cString is what libvirt sees of a string.
func cString(s string) string {
	s, _, _ = strings.Cut(s, "\x00")
	return s
}

// noFlags refuses flags as the function of libvirt's does that takes none.
func noFlags(flags uint32, function string) error {
	if flags == 0 {
		return nil
	}
	return virerr.Argument(virerr.FromLogging, function, "flags", "unsupported flags (0x%x) in function %s", flags, function)
}

func (s *Service) openLogFile(c *dispatch.Call, a *logprog.DomainOpenLogFileArgs) (ret *logprog.DomainOpenLogFileRet, err error) {
	o := origin{Path: cString(a.Path), Driver: cString(a.Driver), Domain: cString(a.Dom.Name), UUID: uuid.UUID(a.Dom.UUID)}
	err = c.Wait(func() error {
		end, inode, offset, err := s.open(o, a.Flags&logprog.VirLogManagerProtocolDomainOpenLogFileTruncate != 0)
		if err != nil {
			return err
		}
		ret = &logprog.DomainOpenLogFileRet{Pos: logprog.LogFilePosition{Inode: inode, Offset: uint64(offset)}}
		c.ReplyFDs(end)
		return nil
	})
	return ret, err
}

// getPosition answers when all that was in the pipe is in the log file.
func (s *Service) getPosition(c *dispatch.Call, a *logprog.DomainGetLogFilePositionArgs) (ret *logprog.DomainGetLogFilePositionRet, err error) {
	if err := noFlags(a.Flags, "virLogHandlerDomainGetLogFilePosition"); err != nil {
		return nil, err
	}
	path := cString(a.Path)
	notOpen := virerr.New(virerr.FromLogging, virerr.InternalError, "No open log file %s", path)
	f := s.byPath(path)
	if f == nil {
		return nil, notOpen
	}
	err = c.Wait(func() error {
		if err := f.lockFor(); err != nil {
			return err
		}
		o := f.drain()
		if o == gone {
			f.unlock()
			return notOpen
		}
		_, _ = f.writer.Refresh() // where it cannot be written is told by the pump
		inode, offset := f.writer.Position()
		s.settle(f, o)
		ret = &logprog.DomainGetLogFilePositionRet{Pos: logprog.LogFilePosition{Inode: inode, Offset: uint64(offset)}}
		return nil
	})
	return ret, err
}

// maxDrain bounds for how long a machine that never stops can hold up a client.
const maxDrain = 16

// drain moves what is in the pipe now.
func (f *logFile) drain() (o outcome) {
	for range maxDrain {
		if o = f.move(); o != more {
			break
		}
	}
	return o
}

func (s *Service) readLogFile(c *dispatch.Call, a *logprog.DomainReadLogFileArgs) (ret *logprog.DomainReadLogFileRet, err error) {
	if a.Maxlen > logprog.StringMax {
		return nil, virerr.New(virerr.FromRPC, virerr.InternalError,
			"Requested data len %d is larger than maximum %d", a.Maxlen, logprog.StringMax)
	}
	if err := noFlags(a.Flags, "virLogHandlerDomainReadLogFile"); err != nil {
		return nil, err
	}
	err = c.Wait(func() error {
		r, err := rotating.OpenReader(cString(a.Path), s.limits.MaxBackups)
		if err != nil {
			return err
		}
		defer r.Close()
		if err := r.Seek(a.Pos.Inode, a.Pos.Offset); err != nil {
			return err
		}
		data := make([]byte, a.Maxlen)
		n, err := r.Read(data)
		if err != nil {
			return err
		}
		data, _, _ = bytes.Cut(data[:n], []byte{0}) // a string ends there
		ret = &logprog.DomainReadLogFileRet{Data: string(data)}
		return nil
	})
	return ret, err
}

func (s *Service) appendLogFile(c *dispatch.Call, a *logprog.DomainAppendLogFileArgs) (*logprog.DomainAppendLogFileRet, error) {
	if err := noFlags(a.Flags, "virLogHandlerDomainAppendLogFile"); err != nil {
		return nil, err
	}
	text := rotating.Text(cString(a.Message))
	err := c.Wait(func() error { return s.append(cString(a.Path), &text) })
	if err != nil {
		return nil, err
	}
	return &logprog.DomainAppendLogFileRet{}, nil
}

// appendTo writes into the log file of a machine, whose lock is held.
func (s *Service) appendTo(f *logFile, text *rotating.Text) error {
	if err := f.flush(); err != nil {
		s.settle(f, f.fail(err))
		return err
	}
	defer s.settle(f, more)
	if _, err := f.writer.Refresh(); err != nil {
		return err
	}
	_, err := f.writer.Write(text)
	return err
}

// append writes into a log file, whether it is a machine's or nobody's.
func (s *Service) append(path string, text *rotating.Text) error {
	if f := s.byPath(path); f != nil {
		if err := f.lockFor(); err != nil {
			return err
		}
		if !f.closed {
			return s.appendTo(f, text)
		}
		f.unlock()
	}
	w, err := rotating.Open(path, s.limits, false)
	if err != nil {
		return err
	}
	defer w.Close()
	_, err = w.Write(text)
	return err
}
