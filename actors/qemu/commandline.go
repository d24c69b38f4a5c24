package qemu

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"

	"virtree.dev/actors/qemu/alias"
	"virtree.dev/actors/qemu/command"
	"virtree.dev/actors/qemu/companion"
	"virtree.dev/actors/qemu/defaults"
	"virtree.dev/config/qemuconf"
	xml "virtree.dev/protocol/xml/domain"
)

// firstFD is the number of the first descriptor QEMU gets beside its standard ones.
const firstFD = 3

// masterKeySize is that of the key which encrypts secrets for QEMU, in bytes.
const masterKeySize = 32

// prepareMachine gives a completed document what only a machine has: aliases, paths, ports.
func (d *Driver) prepareMachine(def *xml.Domain) error {
	if err := d.nameDevices(def); err != nil {
		return err
	}
	if err := d.setUpDisplays(def); err != nil {
		return err
	}
	def.Clock.Adjustment0 = def.Clock.Adjustment
	if err := d.groups.check(def); err != nil {
		return err
	}
	if err := d.prepareImages(def); err != nil {
		return err
	}
	if err := d.prepareUSB(def); err != nil {
		return err
	}
	return d.reservePorts(def)
}

// setUpDisplays says where displays listen, by qemu.conf where the document does not.
func (d *Driver) setUpDisplays(def *xml.Domain) error {
	return defaults.SetUpDisplays(def, &defaults.Displays{
		LibDir:        d.files.libDir(def.ID, def.Name),
		DBusAddress:   companion.BusAddress(filepath.Join(d.files.DBus, shortName(def.ID, def.Name)+"-dbus.sock")),
		VNCListen:     d.config.VNC.Listen,
		SpiceListen:   d.config.Spice.Listen,
		VNCAutoSocket: d.config.VNC.AutoUnixSocket,
		SpiceAutoSock: d.config.Spice.AutoUnixSocket,
		RenderNode:    renderNode,
	})
}

// renderNode finds the host's first device for drawing.
func renderNode() (string, error) {
	nodes, err := filepath.Glob("/dev/dri/renderD*")
	if err != nil || len(nodes) == 0 {
		return "", errInternal("No DRM render nodes available")
	}
	return nodes[0], nil
}

// nameDevices rounds memory, gives devices their aliases, and channels the paths that the document left to us.
func (d *Driver) nameDevices(def *xml.Domain) error {
	if err := defaults.AlignMemory(def); err != nil {
		return err
	}
	if err := alias.Assign(def); err != nil {
		return err
	}
	dir := d.files.channelDir(def.ID, def.Name)
	for _, c := range def.Devices.Channels {
		if c.TargetType == "virtio" && c.Source.Type == "unix" && c.Source.Path == "" {
			c.Source.Path, c.Source.Listen = filepath.Join(dir, channelFile(c)), true
		}
	}
	return nil
}

// channelFile is the socket of a channel whose path is left to us: its name, or its place.
func channelFile(c *xml.Chardev) string {
	if c.Name != "" {
		return c.Name
	}
	at := c.DeviceInfo.Address.VirtioSerial
	return fmt.Sprintf("vioser-%02d-%02d-%02d.sock", at.Controller, at.Bus, at.Port)
}

// noSecrets is until there is a secret driver.
func noSecrets(kind, usage string) ([]byte, error) {
	return nil, errUnsupportedOperation("cannot use %s secret '%s': there is no secret driver", kind, usage)
}

// files makes the files that the machine needs before it is there.
func (s *starter) files() error {
	s.masterKey = make([]byte, masterKeySize)
	_, _ = rand.Read(s.masterKey) // never fails: see crypto/rand
	key := filepath.Join(s.status.LibDir, "master-key.aes")
	if err := os.WriteFile(key, s.masterKey, 0o600); err != nil {
		return fmt.Errorf("failed to write master key file: %w", err)
	}
	if err := s.drv.givePath(s.def, key); err != nil {
		return err
	}
	return s.variableStore()
}

// variableStore makes the firmware's variable store from its template, once or when it is to be reset.
func (s *starter) variableStore() error {
	path := nvramPath(s.def)
	if path == "" || exists(path) && s.flags&startResetNVRAM == 0 {
		return nil
	}
	template := s.def.OS.Loader.NVRAMTemplate
	if template == "" {
		return errFailed("unable to find any master var store for loader: %s", s.def.OS.Loader.Path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return errSystem(err, "cannot create directory '%s'", filepath.Dir(path))
	}
	from, err := os.Open(template)
	if err != nil {
		return errSystem(err, "Failed to open file '%s'", template)
	}
	defer from.Close()
	to, err := os.CreateTemp(filepath.Dir(path), ".nvram-")
	if err != nil {
		return errSystem(err, "Failed to create file '%s'", path)
	}
	defer os.Remove(to.Name())
	_, err = io.Copy(to, from)
	if owner := s.drv.security.Owner(); owner != nil && err == nil {
		err = to.Chown(int(owner.UID), int(owner.GID))
	}
	if err = errors.Join(err, to.Sync(), to.Close()); err != nil {
		return errSystem(err, "Unable to write to file '%s'", path)
	}
	return os.Rename(to.Name(), path)
}

// passed are the environment variables of ours that QEMU gets too.
var passed = []string{"LD_PRELOAD", "LD_LIBRARY_PATH", "PATH", "HOME", "USER", "LOGNAME", "TMPDIR"}

func baseEnvironment() []string {
	env := []string{"LC_ALL=C"}
	for _, name := range passed {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return env
}

// buildCommand makes the command line of a start and opens what it hands over.
func (d *Driver) buildCommand(s *starter) (*command.Line, error) {
	env := &command.Env{
		Privileged: d.dirs.Privileged,
		LibDir:     s.status.LibDir,
		ChannelDir: s.status.ChannelTargetDir,
		Base:       baseEnvironment(),
		Config:     d.commandConfig(),
		Pass:       s.pass,
		HugeTLB:    d.hugeTLB(s.def, true), DefaultHugePage: d.defaultHugePage(),
		Vhost:      s.vhost,
		MemoryFile: d.memoryFile(s.def, true),
		NodeOfCPU:  d.nodeOfCPU,
		HostTables: d.hostTables,
		Secret:     noSecrets,
		PasstDir:   d.files.Passt,
		ShortName:  shortName(s.def.ID, s.def.Name),
		TPMSocket:  d.tpmSocket(s.def),
	}
	if s.advice != nil {
		env.AutoNodes = func() (*xml.CPUSet, error) { return s.advice.nodes, nil }
		env.AutoCPUs = func() *xml.CPUSet { return s.advice.cpus }
	}
	env.Storage = d.storage()
	env.Storage.MasterKey, env.Storage.Group = s.masterKey, d.groups.describe(s.def.UUID)
	return command.Build(s.def, s.caps, env)
}

// storage is what disks of all machines depend on here.
func (d *Driver) storage() command.Storage {
	tls := func(t *qemuconf.TLS) command.StorageTLS {
		return command.StorageTLS{Enabled: t.Enabled, Dir: t.CertDir, Secret: t.SecretUUID}
	}
	return command.Storage{
		HostCDROM: isCDROM, GlusterDebug: d.config.GlusterDebugLevel,
		NBD: tls(&d.config.NBDTLS), VxHS: tls(&d.config.VXHSTLS), NBDKit: d.throughNBDKit,
	}
}

func (d *Driver) commandConfig() command.Config {
	c := d.config
	display := func(v *qemuconf.Display) command.Display {
		return command.Display{
			Listen: v.Listen, Password: v.Password, SASL: v.SASL, SASLDir: v.SASLDir, AutoSocket: v.AutoUnixSocket,
			TLS: v.TLS.Enabled, TLSDir: v.TLS.CertDir, TLSSecret: v.TLS.SecretUUID, TLSVerify: wants(&v.TLS),
		}
	}
	return command.Config{
		VNC: display(&c.VNC), Spice: display(&c.Spice),
		SeccompSandbox: c.Security.Seccomp, DumpGuestCore: c.Process.DumpGuestCore,
		SetProcessName: c.Process.SetName, LogTimestamp: c.LogTimestamp, RelaxedACS: c.RelaxedACS,
		NoGraphicsAudio: c.NographicsAudio, VNCAudio: c.VNC.HostAudio,
		ChardevTLS: c.ChardevTLS.Enabled, ChardevTLSDir: c.ChardevTLS.CertDir,
		ChardevTLSSecret: c.ChardevTLS.SecretUUID, ChardevTLSVerify: wants(&c.ChardevTLS),
		Deprecation: c.DeprecationBehavior, MemoryBackingDir: d.files.MemoryBacking,
	}
}

// wants says whether the other side has to prove itself by a certificate.
func wants(t *qemuconf.TLS) bool { return t.Verify != nil && *t.Verify }

// tpmSocket is where the emulator of a machine's TPM listens.
func (d *Driver) tpmSocket(def *xml.Domain) string {
	return filepath.Join(d.files.SWTPMState, shortName(def.ID, def.Name)+"-swtpm.sock")
}

// pass opens a file for QEMU and gives the number it will have there.
func (s *starter) pass(p command.Pass) (int, error) {
	if p.Kind == "monitor" {
		return firstFD, nil // opened before everything else
	}
	f, err := s.openFor(p)
	if err != nil {
		return 0, err
	}
	s.opened = append(s.opened, f)
	return firstFD + len(s.opened) - 1, nil
}

func (s *starter) openFor(p command.Pass) (*os.File, error) {
	switch p.Kind {
	case "chardev-log", "chardev-file":
		return s.drv.stdio.OpenFile(s.ctx, writerOf(s.def), p.Path, !p.Append)
	case "chardev-listen":
		return listenAt(p.Path)
	case "vsock":
		return s.openVSock()
	case "vhost":
		return openDevice(p.Path, "Unable to open vhost-net. Ensure that the module is loaded")
	case "tap":
		return s.openTap(p)
	case "vhost-user-gpu":
		return s.passPair(p)
	case "disk":
		return s.drv.groups.open(s.def.UUID, p)
	}
	f, err := os.OpenFile(p.Path, os.O_RDWR, 0)
	if err != nil {
		return nil, errSystem(err, "Failed to open file '%s'", p.Path)
	}
	return f, nil
}

func openDevice(path, complaint string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, errSystem(err, "%s", complaint)
	}
	return f, nil
}

// listenAt makes a socket that QEMU accepts clients on; one that was left there goes.
func listenAt(path string) (*os.File, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, errSystem(err, "Unable to unlink %s", path)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, errSystem(err, "Unable to bind to UNIX socket path '%s'", path)
	}
	defer l.Close()
	l.SetUnlinkOnClose(false)
	return l.File()
}

// isCDROM says whether a block device of the host is a CD-ROM drive, by the kernel's major numbers.
func isCDROM(path string) bool {
	const scsiCDROM = 11
	var st syscall.Stat_t
	if syscall.Stat(path, &st) != nil || st.Mode&syscall.S_IFMT != syscall.S_IFBLK {
		return false
	}
	return st.Rdev>>8&0xfff == scsiCDROM
}
