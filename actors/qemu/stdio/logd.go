package stdio

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"

	"virtree.dev/actors/rpc/rpcclient"
	"virtree.dev/protocol/logprog"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xdr"
)

// patience is how long virtlogd may take for an answer.
const patience = 30 * time.Second

// How long a log may still be open for a machine that is gone, and how often it is tried:
// virtlogd learns of the end of its pipe by itself.
const (
	busyPatience = 2 * time.Second
	busyPause    = 10 * time.Millisecond
)

// logd is virtlogd, for one user at a time.
type logd struct {
	daemon *rpcclient.Daemon
	client *rpcclient.Client
}

func (l *logd) close() {
	if l.client != nil {
		l.client.Close()
		l.client = nil
	}
}

// call asks virtlogd. One that was restarted since the last call is connected again.
func (l *logd) call(ctx context.Context, proc int32, args, ret xdr.Value) ([]*os.File, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if l.client != nil {
		files, err := l.client.Call(ctx, &logprog.Program, proc, args, ret)
		if err == nil || l.client.Ended() == nil || ctx.Err() != nil {
			return files, err
		}
		l.close()
	}
	client, err := l.daemon.Dial(ctx)
	if err != nil {
		return nil, err
	}
	l.client = client
	return client.Call(ctx, &logprog.Program, proc, args, ret)
}

// open gives the pipe to a file, and where its output will begin.
func (l *logd) open(ctx context.Context, d Domain, path string, fresh bool) (*os.File, position, error) {
	args := &logprog.DomainOpenLogFileArgs{Driver: driver, Dom: d.wire(), Path: path}
	if fresh {
		args.Flags = logprog.VirLogManagerProtocolDomainOpenLogFileTruncate
	}
	var ret logprog.DomainOpenLogFileRet
	files, err := l.call(ctx, logprog.ProcDomainOpenLogFile, args, &ret)
	for deadline := time.Now().Add(busyPatience); isBusy(err) && time.Now().Before(deadline); {
		time.Sleep(busyPause)
		files, err = l.call(ctx, logprog.ProcDomainOpenLogFile, args, &ret)
	}
	if err != nil {
		return nil, position{}, err
	}
	if len(files) != 1 {
		for _, f := range files {
			f.Close()
		}
		what := "no file descriptor received"
		if len(files) > 1 {
			what = "too many file descriptors received"
		}
		return nil, position{}, virerr.New(virerr.FromLogging, virerr.InternalError, "%s", what)
	}
	return files[0], ret.Pos, nil
}

// isBusy says whether virtlogd has that file open.
func isBusy(err error) bool {
	var told *virerr.Error
	return errors.As(err, &told) && told.Code == virerr.SystemError && told.Int1 == int32(syscall.EBUSY)
}

// driver is the name under which virtlogd keeps our files.
const driver = "qemu"

type position = logprog.LogFilePosition

func (d Domain) wire() logprog.Domain {
	return logprog.Domain{UUID: logprog.UUID(d.UUID), Name: d.Name}
}

// position tells where a file ends, once virtlogd has written what is in the pipe.
func (l *logd) position(ctx context.Context, path string) (position, error) {
	var ret logprog.DomainGetLogFilePositionRet
	_, err := l.call(ctx, logprog.ProcDomainGetLogFilePosition, &logprog.DomainGetLogFilePositionArgs{Path: path}, &ret)
	return ret.Pos, err
}

// read gives what a file has from a position on, be it that it was rolled over since.
func (l *logd) read(ctx context.Context, path string, from position) (string, error) {
	var ret logprog.DomainReadLogFileRet
	args := &logprog.DomainReadLogFileArgs{Path: path, Pos: from, Maxlen: maxTail}
	_, err := l.call(ctx, logprog.ProcDomainReadLogFile, args, &ret)
	return ret.Data, err
}

// append writes to a file that may be open for a machine, or not.
func (l *logd) append(ctx context.Context, d Domain, path, text string) error {
	var ret logprog.DomainAppendLogFileRet
	args := &logprog.DomainAppendLogFileArgs{Driver: driver, Dom: d.wire(), Path: path, Message: text}
	_, err := l.call(ctx, logprog.ProcDomainAppendLogFile, args, &ret)
	return err
}
