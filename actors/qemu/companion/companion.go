package companion

import (
	"path/filepath"

	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/domain"
)

// Host is what companions depend on beside the document.
type Host struct {
	ShortName  string // of the machine, such as 3-web
	Privileged bool
	LibDir     string // of the machine

	Log, State, SWTPMState, SWTPMLog, SWTPMStorage, Passt, DBus string // folders

	// Program finds a program in the search path; empty when it is not there.
	Program  func(name string) string
	PRHelper string // path, or name to look for
	DBusName string // likewise, of the message bus
	// VirtiofsdDebug lets the daemons of shared folders say what they do.
	VirtiofsdDebug bool
	// VhostUser gives the binary for a kind of device, by the host's descriptors.
	VhostUser func(kind string) (string, error)
	// NBDKit says whether images of a protocol are read through nbdkit.
	NBDKit func(protocol string) bool
}

// Process is one process.
type Process struct {
	Title string // as the machine's log has it
	Name  string // in messages

	Program string
	Args    []string
	Env     []string // beside ours
	PIDFile string
	// Forks tells that the process goes to the background by itself and writes its pid file.
	Forks bool
	// Socket appears when the process is ready; empty when nothing does.
	Socket string
	// Listen is a socket that is handed over listening, as descriptor Descriptor.
	Listen string
	// Pair asks for a pair of sockets of which QEMU gets the other end.
	Pair bool
	// Log is the file that takes what the process says; empty keeps it for an error.
	Log string
	// Files go with the process, beside its pid file and sockets.
	Files []string
	// Config is a file that is written before, with its text.
	Config, ConfigText string
	// AsMachine tells that it runs as the same user as QEMU.
	AsMachine bool
	// Device is the alias of the device that it is for.
	Device string
	// TPM is set for the emulator of a TPM, whose state has to be made first.
	TPM *TPM
}

// Descriptor is the number of the socket that a companion is given.
const Descriptor = 3

// Traces are all files that a companion leaves.
func (h *Process) Traces() []string {
	out := append([]string{h.PIDFile}, h.Files...)
	for _, path := range []string{h.Socket, h.Listen, h.Config} {
		if path != "" {
			out = append(out, path)
		}
	}
	return out
}

// maker collects the companions of one document.
type maker struct {
	doc  *domain.Domain
	host *Host
	out  []Process
	err  error
}

// Of gives the companions of a machine in the order in which they start.
func Of(d *domain.Domain, h *Host) ([]Process, error) {
	m := &maker{doc: d, host: h}
	for _, step := range []func(){m.reservations, m.nbdkit, m.gpus, m.tpms, m.passts, m.virtiofs, m.bus} {
		if step(); m.err != nil {
			return nil, m.err
		}
	}
	return m.out, nil
}

func (m *maker) add(h Process) { m.out = append(m.out, h) }

func (m *maker) fail(err error) {
	if m.err == nil {
		m.err = err
	}
}

func (m *maker) internal(format string, args ...any) {
	m.fail(virerr.New(virerr.FromQEMU, virerr.InternalError, format, args...))
}

// reservations adds the one companion for all disks whose persistent reservations are ours to keep.
func (m *maker) reservations() {
	for _, d := range m.doc.Devices.Disks {
		for s := d.Source; s != nil; s = s.Backing {
			if s.Reservations == nil || s.Reservations.Managed != domain.Yes {
				continue
			}
			socket := filepath.Join(m.host.LibDir, "pr-helper0.sock")
			m.add(Process{
				Title: "pr helper", Name: "pr helper", Program: m.program(m.host.PRHelper), Args: []string{"-k", socket},
				PIDFile: filepath.Join(m.host.LibDir, "pr-helper0.pid"), Socket: socket,
			})
			return
		}
	}
}

// program finds a program that qemu.conf gives by path or by name.
func (m *maker) program(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	if found := m.host.Program(name); found != "" {
		return found
	}
	return name
}

// gpus adds those that draw for QEMU.
func (m *maker) gpus() {
	for _, v := range m.doc.Devices.Videos {
		if v.Backend != "vhostuser" {
			continue
		}
		h := Process{
			Title: "vhost-user-gpu", Name: "vhost-user-gpu", Pair: true, AsMachine: true, Device: v.Alias,
			Args:    []string{"--fd=3"},
			PIDFile: filepath.Join(m.host.State, m.host.ShortName+"-"+v.Alias+"-vhost-user-gpu.pid"),
		}
		var err error
		if h.Program, err = m.host.VhostUser("gpu"); err != nil {
			m.fail(err)
			return
		}
		if a := v.Accel; a != nil {
			if a.Accel3D == domain.Yes {
				h.Args = append(h.Args, "--virgl")
			}
			if a.RenderNode != "" {
				h.Args = append(h.Args, "--render-node="+a.RenderNode)
			}
		}
		m.add(h)
	}
}

// bus adds the machine's own message bus, for displays that say nothing of another.
func (m *maker) bus() {
	base := filepath.Join(m.host.DBus, m.host.ShortName+"-dbus")
	for _, g := range m.doc.Devices.Graphics {
		if g.Type != "dbus" || g.Address != BusAddress(base+".sock") {
			continue
		}
		m.add(Process{
			Title: "dbus-daemon", Name: "dbus-daemon", AsMachine: true, Program: m.program(m.host.DBusName),
			Args: []string{"--config-file=" + base + ".conf"}, PIDFile: base + ".pid", Socket: base + ".sock",
			Config: base + ".conf", ConfigText: busConfig(base + ".sock"),
		})
		return
	}
}

// BusAddress is how a message bus is found by its socket.
func BusAddress(socket string) string { return "unix:path=" + socket }

// busConfig lets everybody who may connect do everything.
func busConfig(socket string) string {
	return `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
  "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>org.libvirt.qemu</type>
  <listen>unix:path=` + socket + `</listen>
  <auth>EXTERNAL</auth>
  <policy context='default'>
    <allow send_destination='*' eavesdrop='true'/>
    <allow eavesdrop='true'/>
    <allow own='*'/>
  </policy>
</busconfig>
`
}
