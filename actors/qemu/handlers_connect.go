package qemu

import (
	"os"

	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/qemu/caps"
	"virtree.dev/actors/qemu/command"
	"virtree.dev/actors/qemu/defaults"
	"virtree.dev/protocol/remote"
	xml "virtree.dev/protocol/xml/domain"
)

// libraryVersion is the libvirt whose API and behaviour this is: 11.3.0.
const libraryVersion = 11_003_000

func (d *Driver) connectHandlers(t *dispatch.Table) {
	dispatch.Handle(t, remote.ProcConnectGetType, dispatch.Inline, d.hypervisorType)
	dispatch.Handle(t, remote.ProcConnectGetVersion, dispatch.Worker, d.hypervisorVersion)
	dispatch.Handle(t, remote.ProcConnectGetLibVersion, dispatch.Inline, d.libVersion)
	dispatch.Handle(t, remote.ProcConnectGetHostname, dispatch.Inline, d.hostname)
	dispatch.Handle(t, remote.ProcConnectIsSecure, dispatch.Inline, d.isSecure)
	dispatch.Handle(t, remote.ProcConnectDomainXMLToNative, dispatch.Worker, d.toNative)
}

func (d *Driver) hypervisorType(*dispatch.Call, *dispatch.Void) (*remote.ConnectGetTypeRet, error) {
	return &remote.ConnectGetTypeRet{Type: d.Name()}, nil
}

// hypervisorVersion is that of the host's own QEMU; 0 when there is none.
func (d *Driver) hypervisorVersion(c *dispatch.Call, _ *dispatch.Void) (*remote.ConnectGetVersionRet, error) {
	r := &remote.ConnectGetVersionRet{}
	b, err := d.hostCaps(c)
	if err == nil && b != nil {
		r.HvVer = uint64(b.Version)
	}
	return r, err
}

// hostCaps are those of the host's own QEMU; nil when there is none.
func (d *Driver) hostCaps(c *dispatch.Call) (b *caps.Caps, err error) {
	emulator := defaultEmulator(caps.HostArch())
	if emulator == "" {
		return nil, nil
	}
	err = c.Wait(func() error {
		b, err = d.binaries.Get(c, emulator)
		return err
	})
	return b, err
}

func (d *Driver) libVersion(*dispatch.Call, *dispatch.Void) (*remote.ConnectGetLibVersionRet, error) {
	return &remote.ConnectGetLibVersionRet{LibVer: libraryVersion}, nil
}

func (d *Driver) hostname(*dispatch.Call, *dispatch.Void) (*remote.ConnectGetHostnameRet, error) {
	name, err := os.Hostname()
	if err != nil {
		return nil, errSystem(err, "failed to determine host name")
	}
	return &remote.ConnectGetHostnameRet{Hostname: name}, nil
}

// isSecure is about the driver's side, which is in this process.
func (d *Driver) isSecure(*dispatch.Call, *dispatch.Void) (*remote.ConnectIsSecureRet, error) {
	return &remote.ConnectIsSecureRet{Secure: 1}, nil
}

// nativeFormat is the one form of configuration that QEMU has.
const nativeFormat = "qemu-argv"

func (d *Driver) toNative(c *dispatch.Call, a *remote.ConnectDomainXMLToNativeArgs) (*remote.ConnectDomainXMLToNativeRet, error) {
	if err := checkFlags(c, a.Flags, 0); err != nil {
		return nil, err
	}
	if a.NativeFormat != nativeFormat {
		return nil, errInvalidArg("unsupported config type %s", a.NativeFormat)
	}
	var line *command.Line
	err := c.Wait(func() error {
		def, err := d.parse(c, []byte(a.DomainXML), xml.ParseOptions{Inactive: true, ABIUpdate: true})
		if err != nil {
			return err
		}
		line, err = d.imagineCommand(c, def)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &remote.ConnectDomainXMLToNativeRet{NativeConfig: line.Text() + "\n"}, nil
}

// imagineCommand makes the command line of a machine that is not started: nothing is opened or made.
func (d *Driver) imagineCommand(c *dispatch.Call, def *xml.Domain) (*command.Line, error) {
	binary, err := d.binaries.Get(c, def.Devices.Emulator)
	if err != nil {
		return nil, err
	}
	if err := defaults.SettleCPU(def, binary, d.processor); err != nil {
		return nil, err
	}
	if err := d.nameDevices(def); err != nil {
		return nil, err
	}
	if err := d.setUpDisplays(def); err != nil {
		return nil, err
	}
	for _, g := range def.Devices.Graphics {
		if g.AutoPort {
			g.Port = d.ports.lowest()
		}
	}
	fd := firstFD - 1
	return command.Build(def, binary, &command.Env{
		Privileged: d.dirs.Privileged,
		LibDir:     d.files.libDir(def.ID, def.Name),
		ChannelDir: d.files.channelDir(def.ID, def.Name),
		Base:       baseEnvironment(),
		Config:     d.commandConfig(),
		HugeTLB:    d.hugeTLB(def, false), DefaultHugePage: d.defaultHugePage(),
		MemoryFile: d.memoryFile(def, false),
		NodeOfCPU:  d.nodeOfCPU,
		HostTables: d.hostTables,
		Secret:     noSecrets,
		PasstDir:   d.files.Passt,
		ShortName:  shortName(def.ID, def.Name),
		Storage:    d.storage(),
		TPMSocket:  d.tpmSocket(def),
		Pass: func(command.Pass) (int, error) {
			fd++
			return fd, nil
		},
	})
}
