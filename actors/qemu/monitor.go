package qemu

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"virtree.dev/protocol/qmp"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/virtype"
	"virtree.dev/supervisor/gen"
)

// writePatience bounds a write to a monitor that does not read. Commands are small
// against the socket's buffer: only a machine that is stuck for long gets there.
const writePatience = 50 * time.Millisecond

// errMachineGone is what waiting commands get when the machine ends.
var errMachineGone = errors.New("the machine is gone")

// monitor is a domain process's end of a QMP connection: it writes itself, a meta
// process reads.
type monitor struct {
	client     qmp.Client
	conn       *net.UnixConn
	generation int
}

// openMonitor connects to a machine's monitor. QEMU need not have got as far as
// to listen: the socket was made before it.
func (m *machine) openMonitor(p *gen.Process, path string) error {
	conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return err
	}
	m.generation++
	m.monitor = &monitor{conn: conn, generation: m.generation}
	// Whoever gets a reply must see what came before it.
	m.monitor.client.OnEvent = func(e qmp.Event) { m.event(p, e) }
	return p.SpawnMeta("monitor", &reader{conn: conn, generation: m.generation, to: p.Self()})
}

// dropMonitor closes the connection; commands that wait get the reason.
func (m *machine) dropMonitor(reason error) {
	if m.monitor == nil {
		return
	}
	old := m.monitor
	m.monitor = nil
	old.conn.Close()
	old.client.Fail(reason)
}

// run gives QEMU a command; done gets the result in this process. It never waits.
func (m *machine) run(cmd qmp.Command, files []*os.File, done qmp.Done) {
	if m.monitor == nil {
		done(nil, errNotRunning())
		return
	}
	line, err := m.monitor.client.Command(cmd, done)
	if err != nil {
		done(nil, err)
		return
	}
	if err := m.monitor.write(line, files); err != nil {
		m.monitorFailed(fmt.Errorf("cannot write to the monitor: %w", err))
	}
}

// ask is run for callers inside the process: it unmarshals the result.
func ask[R any](m *machine, name string, args any, then func(R, error)) {
	m.run(qmp.Command{Name: name, Arguments: args}, nil, func(raw json.RawMessage, err error) {
		var r R
		if err == nil {
			err = json.Unmarshal(raw, &r)
		}
		then(r, err)
	})
}

func (l *monitor) write(line []byte, files []*os.File) error {
	if len(line) == 0 {
		return nil
	}
	if err := l.conn.SetWriteDeadline(time.Now().Add(writePatience)); err != nil {
		return err
	}
	var rights []byte
	if len(files) > 0 {
		fds := make([]int, len(files))
		for i, f := range files {
			fds[i] = int(f.Fd())
		}
		rights = syscall.UnixRights(fds...)
	}
	n, _, err := l.conn.WriteMsgUnix(line, rights, nil)
	if err == nil && n < len(line) {
		_, err = l.conn.Write(line[n:])
	}
	return err
}

// monitorFailed gives a connection up. The machine's process may live on: then there will be another one.
func (m *machine) monitorFailed(reason error) {
	m.dropMonitor(reason)
	if m.attached != nil {
		m.emit(virtype.DomainEventIDControlError, &remote.DomainEventControlErrorMsg{Dom: m.wire()})
		m.attached.Reply(struct{}{}, reason)
		m.attached = nil
		return
	}
	m.reopenLater(m.process)
}

// received takes what QEMU wrote.
func (m *machine) received(msg monitorRead) {
	if m.monitor == nil || msg.Generation != m.monitor.generation {
		return
	}
	m.setDeaf(false)
	link := m.monitor
	_, out, err := link.client.Feed(msg.Bytes)
	if m.monitor != link {
		return // what it said was the end of it
	}
	if err == nil {
		err = link.write(out, nil)
	}
	if err != nil {
		m.monitorFailed(err)
		return
	}
	if m.attached != nil && link.client.Ready() {
		m.attached.Reply(struct{}{}, nil)
		m.attached = nil
	}
}

// setDeaf publishes whether the monitor answers.
func (m *machine) setDeaf(deaf bool) {
	if m.deaf != deaf {
		m.deaf = deaf
		m.showJob()
	}
}

// lost takes the end of a connection.
func (m *machine) lost(p *gen.Process, msg monitorLost) {
	if m.monitor == nil || msg.Generation != m.monitor.generation {
		return
	}
	m.monitorFailed(msg.Err)
	if m.gone {
		m.finish(p)
	}
}

// refusal is QEMU's refusal of a command, in libvirt's words and with its cause.
type refusal struct {
	told  *virerr.Error
	cause *qmp.Error
}

func (r *refusal) Error() string   { return r.told.Error() }
func (r *refusal) Unwrap() []error { return []error{r.told, r.cause} }

// isClass says whether QEMU refused with an error of this class.
func isClass(err error, class string) bool {
	var refused *qmp.Error
	return errors.As(err, &refused) && refused.Class == class
}

// monitorError makes of a monitor's error what a client sees.
func monitorError(err error) error {
	var refused *qmp.Error
	var known *virerr.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return err
	case errors.As(err, &refused):
		return &refusal{virerr.New(virerr.FromQEMU, virerr.InternalError, "%s", refused.Error()), refused}
	case isGone(err):
		return errFailed("domain is no longer running")
	}
	return errInternal("Unable to read from monitor: %s", reasonText(err))
}

// isGone says whether an error means that the machine has ended.
func isGone(err error) bool {
	return errors.Is(err, errMachineGone) || errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) ||
		errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNREFUSED)
}

// reasonText shows the errno of an error where there is one, as libvirt does.
func reasonText(err error) string {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno.Error()
	}
	return err.Error()
}

// reader brings what QEMU writes to the domain's process.
type reader struct {
	conn       *net.UnixConn
	generation int
	to         gen.Ref
}

func (r *reader) Start(p *gen.Process) error {
	buf := make([]byte, 64<<10)
	for {
		n, err := r.conn.Read(buf)
		if n > 0 {
			msg := monitorRead{Generation: r.generation, Bytes: append([]byte(nil), buf[:n]...)}
			if err := gen.SendWait(p, r.to, msg); err != nil {
				return err
			}
		}
		if err != nil {
			return gen.SendWait(p, r.to, monitorLost{Generation: r.generation, Err: err})
		}
	}
}

func (r *reader) Stop(error) { r.conn.Close() }
