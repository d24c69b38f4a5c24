package qemu

import (
	"context"
	"fmt"
	"net"
	"os"
	"time"

	"virtree.dev/actors/domain"
	"virtree.dev/actors/domain/records"
	"virtree.dev/actors/qemu/caps"
	"virtree.dev/actors/qemu/command"
	"virtree.dev/actors/qemu/defaults"
	"virtree.dev/actors/qemu/stdio"
	"virtree.dev/internal/failpoint"
	"virtree.dev/internal/sys"
	xml "virtree.dev/protocol/xml/domain"
	"virtree.dev/protocol/xml/domstatus"
)

// startFlags are those of virDomainCreate.
type startFlags uint32

// The flags of a start.
const (
	startPaused startFlags = 1 << iota
	startAutodestroy
	startBypassCache
	startForceBoot
	startValidate
	startResetNVRAM
)

// starter makes a machine, step by step. It runs in a worker that holds the
// domain's job; what must survive it is in the domain's process and on the disk.
type starter struct {
	drv   *Driver
	ctx   context.Context
	dom   handle
	flags startFlags

	def    *xml.Domain
	caps   *caps.Caps
	status *domstatus.Status
	line   *command.Line
	log    *stdio.Log
	pid    int

	masterKey []byte
	advice    *advice  // of the host, where placement is left to it
	askedCPU  *xml.CPU // as the document has it, before it was settled by the host
	vcpuPaths []string // of the processors, in QEMU's tree of objects

	announced bool
	pairs     map[string]*os.File // QEMU's ends of connections to helpers, by device
	opened    []*os.File          // ours to close once the machine has them
}

// startSteps in order. After each one comes the failpoint qemu.start.NAME: at
// every one of them the daemon may die without leaving a stray machine.
var startSteps = []struct {
	name string
	do   func(*starter) error
}{
	{"prepare", (*starter).prepare},
	{"folders", (*starter).folders},
	{"files", (*starter).files},
	{"announce", (*starter).announce},
	{"locks", (*starter).checkLeases},
	{"log", (*starter).openLog},
	{"companions", (*starter).companions},
	{"build", (*starter).build},
	{"owners", (*starter).giveFiles},
	{"spawn", (*starter).spawn},
	{"pidfile", (*starter).savePID},
	{"attach", (*starter).attach},
	{"query", (*starter).query},
	{"cpu", (*starter).verifyCPU},
	{"configure", (*starter).configure},
	{"continue", (*starter).letRun},
	{"finish", (*starter).finish},
}

// start makes the machine of a domain whose job the caller holds.
func (d *Driver) start(ctx context.Context, dom handle, flags startFlags) error {
	s := &starter{drv: d, ctx: ctx, dom: dom, flags: flags}
	defer s.close()
	defer func() {
		if v := recover(); v != nil { // nobody else would know of what is half made
			_ = s.undo(errInternal("%v", v))
			panic(v)
		}
	}()
	for _, step := range startSteps {
		err := step.do(s)
		if err == nil {
			err = failpoint.Hit("qemu.start." + step.name)
		}
		if err != nil {
			s.auditFailure()
			return s.undo(err)
		}
	}
	s.auditStart()
	return nil
}

// undo takes back what was done; the error becomes one that quotes the machine's
// last words where the machine was the one to fail.
func (s *starter) undo(err error) error {
	if s.pid != 0 && isGone(err) {
		err = errExitedEarly(quotable([]byte(s.log.Tail(s.ctx))))
	}
	if s.announced {
		if _, failure := call(s.ctx, s.dom, abandon{}); failure != nil {
			s.drv.log.Error(fmt.Sprintf("cannot undo the start of domain '%s': %v", s.def.Name, failure))
		}
		return err
	}
	if s.def != nil {
		s.drv.releasePorts(s.def)
		s.drv.forget(s.def.ID, s.def.Name, s.drv.files.libDir(s.def.ID, s.def.Name), s.drv.files.channelDir(s.def.ID, s.def.Name))
	}
	_, _ = call(s.ctx, s.dom, tell{Message: domain.LaunchFailed{}}) // the first error is the one to tell
	return err
}

func (s *starter) close() {
	s.closeFiles()
	if s.log != nil {
		s.log.Close()
	}
}

func (s *starter) closeFiles() {
	for _, f := range s.opened {
		f.Close()
	}
	for _, f := range s.pairs {
		f.Close()
	}
	s.opened, s.pairs = nil, nil
}

// prepare makes the machine's own document out of the definition.
func (s *starter) prepare() error {
	config := s.dom.document
	if config == nil {
		config = s.dom.object.Config()
	}
	var err error
	if s.def, err = s.drv.copyDocument(config); err != nil {
		return err
	}
	if err := s.drv.security.Check(s.def); err != nil {
		return err
	}
	s.def.ID = s.drv.nextID()
	if s.caps, err = s.drv.complete(s.ctx, s.def, xml.ParseOptions{ABIUpdate: true, Inactive: true}); err != nil {
		return err
	}
	if err := s.drv.checkStart(s.def, s.caps); err != nil {
		return err
	}
	err = s.drv.security.Generate(s.def)
	s.drv.audit.Write(records.Labels(s.def, err == nil)...)
	if err != nil {
		return err
	}
	if s.caps.Has("query-cpu-model-expansion") && s.def.CPU != nil && (s.def.CPU.Mode != "custom" || s.def.CPU.Model != "") {
		s.askedCPU = s.def.CPU.Clone()
	}
	if err := defaults.SettleCPU(s.def, s.caps, s.drv.processor); err != nil {
		return err
	}
	if err := s.drv.fillBinaries(s.def); err != nil {
		return err
	}
	if s.advice, err = s.drv.askAdvice(s.ctx, s.def); err != nil {
		return err
	}
	if err := s.drv.prepareMachine(s.def); err != nil {
		return err
	}
	s.nameParts()
	return nil
}

func (s *starter) folders() error {
	lib := s.drv.files.libDir(s.def.ID, s.def.Name)
	channels := s.drv.files.channelDir(s.def.ID, s.def.Name)
	for _, dir := range []string{lib, channels} {
		if err := os.MkdirAll(dir, 0o750); err != nil {
			return fmt.Errorf("cannot create directory '%s': %w", dir, err)
		}
		if err := s.drv.givePath(s.def, dir); err != nil {
			return err
		}
	}
	s.status = s.newStatus()
	return nil
}

// announce puts the machine into the domain's process, and its status on the disk.
func (s *starter) announce() error {
	_, err := call(s.ctx, s.dom, launch{Status: s.status})
	s.announced = err == nil
	return err
}

func (s *starter) openLog() (err error) {
	s.log, err = s.drv.stdio.Open(s.ctx, writerOf(s.def))
	return err
}

// build makes the command line, and the monitor's socket, which is there before QEMU is.
func (s *starter) build() error {
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: s.status.Monitor.Path, Net: "unix"})
	if err != nil {
		return err
	}
	defer l.Close()
	l.SetUnlinkOnClose(false)
	socket, err := l.File()
	if err != nil {
		return err
	}
	s.opened = append(s.opened, socket)
	s.line, err = s.drv.buildCommand(s)
	return err
}

// spawn starts QEMU in a session of its own, so that it outlives us.
func (s *starter) spawn() error {
	now := time.Now()
	s.log.Say(now, s.drv.startingUp(s.caps))
	s.log.Print(s.line.Text() + "\n")
	s.log.Mark(s.ctx)
	user, err := s.drv.security.Process(s.def)
	if err != nil {
		return err
	}
	pid, err := spawn(spawnSpec{
		argv: s.line.Argv, env: s.line.Env, files: s.opened, output: s.log.File, dir: "/", user: user, memory: s.memoryPolicy(),
		holder: s.drv.locks.Holder(ownerOf(s.def, 0)),
	})
	if err != nil {
		return spawnError(s.line.Argv[0], err)
	}
	s.pid = pid
	// The monitor's socket among them: were it still open here, nobody would notice that QEMU is gone.
	s.closeFiles()
	limits := s.drv.config.Process
	if err := sys.SetLimits(pid, limits.MaxProcesses, limits.MaxFiles); err != nil {
		return errSystem(err, "cannot limit the processes and files of %d", pid)
	}
	return nil
}

func (s *starter) savePID() error {
	return s.drv.files.savePID(s.def.Name, s.pid)
}

func (s *starter) attach() error {
	ctx, cancel := context.WithTimeout(s.ctx, attachPatience)
	defer cancel()
	_, err := call(ctx, s.dom, attach{PID: s.pid})
	return err
}

// attachPatience is how long a QEMU may take until its monitor answers.
const attachPatience = 60 * time.Second

func (s *starter) letRun() error {
	if s.flags&startPaused != 0 {
		return nil
	}
	return s.dom.startCPUs(s.ctx, domain.RunningUnpaused)
}

func (s *starter) finish() error {
	_, err := call(s.ctx, s.dom, launched{Paused: s.flags&startPaused != 0})
	return err
}
