package qemu

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"time"

	"virtree.dev/actors/domain"
	"virtree.dev/actors/qemu/defaults"
	"virtree.dev/internal/failpoint"
	"virtree.dev/protocol/virerr"
	xml "virtree.dev/protocol/xml/domain"
	"virtree.dev/protocol/xml/domstatus"
	"virtree.dev/supervisor/act"
	"virtree.dev/supervisor/gen"
)

// Names of the driver's processes.
const (
	nameDriver  = "qemu"
	nameDomains = "qemu.domains"
	nameStore   = "qemu.store"
	nameStarter = "qemu.autostart"
	nameProber  = "qemu.prober"
)

// claimMode is what a document is claimed for.
type claimMode uint8

const (
	claimToDefine claimMode = iota
	claimToStart            // refused when there is a machine, or a transient domain
)

// Calls to the store, which alone decides which domains there are.
type (
	// claim wants the domain of a document: the one there is, or a new one.
	claim struct {
		gen.Returns[handle]
		Def  *xml.Domain
		Mode claimMode
	}
	// reserve gives a domain another name.
	reserve struct {
		gen.Returns[struct{}]
		UUID xml.UUID
		Name string
	}
)

// left says that a domain is no more. It comes before any reply that tells so.
type left struct{ UUID xml.UUID }

// store knows the names that are taken and starts the processes of domains.
type store struct {
	act.Actor
	drv   *Driver
	names map[string]xml.UUID
	taken map[xml.UUID]string
}

// Init starts a process for each domain on the disk. After its own restart it takes over those that run.
func (s *store) Init(p *gen.Process) error {
	s.names, s.taken = map[string]xml.UUID{}, map[xml.UUID]string{}
	if err := s.drv.files.prepare(s.drv.security.Owner()); err != nil {
		return err
	}
	for _, o := range s.drv.load() {
		s.takeUp(p, o)
	}
	return nil
}

// takeUp gives a domain its process if it has none.
func (s *store) takeUp(p *gen.Process, o *domain.Object) {
	s.take(o.UUID, o.Name)
	if s.drv.alive(o.UUID) {
		return
	}
	if _, err := s.start(p, o); err != nil {
		s.drv.log.Error(fmt.Sprintf("cannot take up domain '%s': %v", o.Name, err))
	}
}

func (s *store) take(uuid xml.UUID, name string) {
	s.names[name], s.taken[uuid] = uuid, name
}

// start starts the processes of a domain.
func (s *store) start(p *gen.Process, o *domain.Object) (gen.Ref, error) {
	// A name of its own for each life: the last one of the same UUID may still be on its way out.
	name := "qemu.domain." + o.UUID.String() + "." + strconv.FormatUint(s.drv.serial.Add(1), 10)
	ref := p.Named(name)
	s.drv.homes.Put(o.UUID, home{process: ref})
	keeper, err := act.StartChild(p, p.Named(nameDomains), s.drv.domainChild(name, o))
	s.drv.homes.Put(o.UUID, home{ref, keeper})
	return ref, err
}

// home is where a domain lives: its process, by a name that outlives it, and the
// small supervisor, which is there between two lives of that as well.
type home struct{ process, keeper gen.Ref }

// HandleCall gives out domains and names.
func (s *store) HandleCall(p *gen.Process, from gen.From, req any) (any, error) {
	switch req := req.(type) {
	case claim:
		return s.claim(p, req)
	case reserve:
		return struct{}{}, s.reserve(req)
	}
	return s.Actor.HandleCall(p, from, req)
}

// HandleMessage takes the ends of domains.
func (s *store) HandleMessage(p *gen.Process, msg any) error {
	switch msg := msg.(type) {
	case left:
		if s.names[s.taken[msg.UUID]] == msg.UUID {
			delete(s.names, s.taken[msg.UUID])
		}
		delete(s.taken, msg.UUID)
		s.drv.homes.Delete(msg.UUID)
	case reload:
		s.reload(p)
	case sayNow:
		_ = p.Go("log", func(ctx context.Context) error {
			s.drv.stdio.Flush(ctx)
			return nil
		})
	}
	return nil
}

// errList is an error of the list of domains, which is libvirt's for all hypervisors.
func errList(code virerr.Code, format string, args ...any) error {
	return virerr.New(virerr.FromDomain, code, format, args...)
}

func (s *store) claim(p *gen.Process, req claim) (handle, error) {
	if err := failpoint.Hit("qemu.store.claim"); err != nil {
		return handle{}, err
	}
	def := req.Def
	s.remember(def)
	if name, known := s.taken[def.UUID]; known {
		return s.claimKnown(p, req, name)
	}
	if owner, used := s.names[def.Name]; used {
		return handle{}, errList(virerr.OperationFailed, "domain '%s' already exists with uuid %s", def.Name, owner)
	}
	o := &domain.Object{UUID: def.UUID, Name: def.Name, ID: -1, State: domain.Shutoff, Def: def}
	ref, err := s.start(p, o)
	if err != nil {
		s.drv.homes.Delete(def.UUID)
		return handle{}, err
	}
	s.take(def.UUID, def.Name)
	return handle{drv: s.drv, ref: ref, object: o}, nil
}

// remember learns of the domains of a document what a former life of this process
// gave out and nobody had published when that ended.
func (s *store) remember(def *xml.Domain) {
	if _, known := s.taken[def.UUID]; !known && s.drv.alive(def.UUID) {
		s.take(def.UUID, def.Name)
	}
	if o := s.drv.registry.ByName(def.Name); o != nil && s.taken[o.UUID] == "" {
		s.take(o.UUID, o.Name)
	}
}

func (s *store) claimKnown(p *gen.Process, req claim, name string) (handle, error) {
	if name != req.Def.Name {
		return handle{}, errList(virerr.OperationFailed, "domain '%s' is already defined with uuid %s", name, req.Def.UUID)
	}
	o := s.drv.registry.ByUUID(req.Def.UUID)
	switch {
	case o == nil: // claimed by another client that has not got far yet
		return handle{}, errList(virerr.OperationInvalid, "domain '%s' is already being started", name)
	case req.Mode == claimToStart && o.Active():
		return handle{}, errList(virerr.OperationInvalid, "domain '%s' is already active", name)
	case req.Mode == claimToStart && !o.Persistent:
		return handle{}, errList(virerr.OperationInvalid, "domain '%s' is already being started", name)
	}
	if !s.drv.alive(o.UUID) { // its supervisor gave up; whoever needs it gives it another chance
		if _, err := s.start(p, o); err != nil {
			return handle{}, err
		}
	}
	return s.drv.handle(o), nil
}

func (s *store) reserve(req reserve) error {
	if _, used := s.names[req.Name]; used {
		return errList(virerr.OperationInvalid, "domain with name '%s' already exists", req.Name)
	}
	delete(s.names, s.taken[req.UUID])
	s.take(req.UUID, req.Name)
	return nil
}

// HandleInspect shows how many there are.
func (s *store) HandleInspect(*gen.Process) map[string]string {
	return map[string]string{"domains": strconv.Itoa(len(s.taken))}
}

// domainChild is the small supervisor of one domain. It ends when the domain
// does; when the domain's process ends too often, only that domain is without one.
func (d *Driver) domainChild(name string, seed *domain.Object) gen.Child {
	process := gen.Child{
		Name: name, Register: true, Restart: gen.Transient, Significant: true, Backoff: 10 * time.Millisecond,
		New: func() gen.Behavior { return &machine{drv: d, uuid: seed.UUID, seed: seed} },
	}
	tree := act.Supervisor{Type: act.RestForOne, Intensity: 5, Period: 30 * time.Second, Children: []gen.Child{process}}
	return tree.Child(seed.Name, gen.Temporary)
}

// alive says whether a domain has its process, or will have it again in a moment.
func (d *Driver) alive(uuid xml.UUID) bool {
	h, ok := d.homes.Get(uuid)
	return ok && (h.keeper.Alive() || h.process.Alive())
}

// load publishes what is on the disk, beside what is published already, and gives all of it.
func (d *Driver) load() []*domain.Object {
	first := false
	d.swept.Do(func() { first = true })
	if first {
		d.finishRenames()
	}
	d.loadConfigs()
	if first {
		d.sweep()
	}
	running, err := names(d.files.State)
	if err != nil {
		d.log.Error(fmt.Sprintf("cannot list running machines: %v", err))
	}
	for _, name := range running {
		d.loadRunning(name)
	}
	return d.registry.Select(0)
}

func (d *Driver) loadConfigs() {
	list, err := names(d.files.Config)
	if err != nil {
		d.log.Error(fmt.Sprintf("cannot list definitions: %v", err))
	}
	for _, name := range list {
		if d.registry.ByName(name) == nil {
			d.loadConfig(name)
		}
	}
}

func (d *Driver) loadConfig(name string) {
	def, err := d.readConfig(name)
	switch {
	case err != nil:
		d.log.Error(fmt.Sprintf("cannot load the definition of domain '%s': %v", name, err))
	case def.Name != name:
		d.log.Error(fmt.Sprintf("Domain config filename '%s' does not match domain name '%s'", d.files.config(name), def.Name))
	case d.registry.ByUUID(def.UUID) != nil:
		d.log.Error(fmt.Sprintf("domain '%s' has the UUID of another one", name))
	default:
		d.registry.Put(&domain.Object{
			UUID: def.UUID, Name: name, ID: -1, State: domain.Shutoff, Persistent: true,
			Autostart:     d.files.hasLink(d.files.autostart(name), name),
			AutostartOnce: d.files.hasLink(d.files.autostartOnce(name), name), Def: def,
		})
	}
}

// readConfig reads a definition. What goes wrong with it is its own affair.
func (d *Driver) readConfig(name string) (def *xml.Domain, err error) {
	defer contain(&err)
	text, err := os.ReadFile(d.files.config(name))
	if err != nil {
		return nil, err
	}
	if err := failpoint.Hit("qemu.load.config"); err != nil {
		return nil, err
	}
	return d.parse(context.Background(), text, xml.ParseOptions{Inactive: true, SkipValidate: true})
}

// loadStatus reads a status file, and completes what an older daemon wrote.
func (d *Driver) loadStatus(name string) (s *domstatus.Status, err error) {
	defer contain(&err)
	if s, err = d.files.loadStatus(name); err != nil {
		return nil, err
	}
	if err := failpoint.Hit("qemu.load.status"); err != nil {
		return nil, err
	}
	return s, defaults.Running(s.Domain, d.defaults)
}

// contain makes an error of a panic: one document must not be the end of all domains.
func contain(err *error) {
	if v := recover(); v != nil {
		*err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
	}
}

// loadRunning makes the domain of a status file known. What runs is the business of its process.
func (d *Driver) loadRunning(name string) {
	status, err := d.loadStatus(name)
	if err != nil {
		if !errors.Is(err, os.ErrNotExist) {
			d.log.Error(fmt.Sprintf("cannot read the status of domain '%s': %v", name, err))
		}
		return
	}
	d.noteID(status.Domain.ID)
	if d.registry.ByUUID(status.Domain.UUID) != nil {
		return
	}
	state, reason, _ := domain.ParseState(status.State, status.Reason)
	d.registry.Put(&domain.Object{
		UUID: status.Domain.UUID, Name: name, ID: status.Domain.ID, State: state, Reason: reason,
		Def: status.Domain, Status: status, PID: status.PID,
	})
}
