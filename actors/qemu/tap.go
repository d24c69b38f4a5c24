package qemu

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"virtree.dev/actors/qemu/command"
	outside "virtree.dev/internal/command"
	"virtree.dev/internal/sys"
	xml "virtree.dev/protocol/xml/domain"
	"virtree.dev/supervisor/gen"
)

// openTap opens a queue of the tap device behind an interface, and plugs it in with the first.
func (s *starter) openTap(p command.Pass) (*os.File, error) {
	n := s.interfaceOf(p.Alias)
	if n == nil {
		return nil, errInternal("no interface with alias '%s'", p.Alias)
	}
	if n.Type == "bridge" && !s.drv.dirs.Privileged {
		return s.bridgeHelper(n)
	}
	name := n.Target
	switch {
	case n.TargetManaged == xml.No && name == "":
		return nil, errInternal("target dev must be supplied when managed='no'")
	case n.TargetManaged == xml.No && !isDevice(name):
		return nil, errInternal("target managed='no' but specified dev doesn't exist")
	case name == "":
		name = "vnet%d"
	}
	f, name, err := sys.Tap(name, n.Driver.Queues > 1, n.IsVirtio())
	if err != nil || p.Index == 0 {
		s.auditOpened(n, tunDevice, err == nil)
	}
	if err != nil {
		return nil, errSystem(err, "Unable to create tap device %s", name)
	}
	n.Target = name
	if p.Index > 0 {
		return f, nil
	}
	if n.TargetManaged != xml.No {
		err = plugIn(n)
	}
	if err == nil {
		err = s.drv.runScript(s.ctx, n.Script, n.Target)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

const tunDevice = "/dev/net/tun"

func isDevice(name string) bool {
	_, err := net.InterfaceByName(name)
	return err == nil
}

const networkDevices = "/sys/class/net"

func (s *starter) interfaceOf(alias string) *xml.Interface {
	for _, n := range s.def.Devices.Interfaces {
		if n.Alias == alias {
			return n
		}
	}
	return nil
}

// plugIn brings a tap device up, on its bridge where it has one. Its address must not be
// the guest's: the kernel would take the guest's packets for echoes of its own.
func plugIn(n *xml.Interface) error {
	if mac, err := net.ParseMAC(n.MAC); err == nil {
		const other, another = 0xfe, 0xfa
		if mac[0] == other {
			mac[0] = another
		} else {
			mac[0] = other
		}
		if err := sys.LinkAddress(n.Target, mac); err != nil {
			return errSystem(err, "Cannot set interface MAC to %s on '%s'", mac, n.Target)
		}
	}
	mtu := n.MTU
	if n.Type == "bridge" {
		bridge, err := net.InterfaceByName(n.Source.Bridge)
		if err != nil {
			return errSystem(syscall.ENODEV, "Cannot get interface MTU on '%s'", n.Source.Bridge)
		}
		if mtu == 0 { // a port with less would take the bridge down to its own
			mtu = uint(bridge.MTU)
		}
	}
	if mtu > 0 {
		if err := sys.LinkMTU(n.Target, mtu); err != nil {
			return errSystem(err, "Cannot set interface MTU on '%s'", n.Target)
		}
	}
	if n.Type == "bridge" {
		if err := joinBridge(n); err != nil {
			return err
		}
	}
	if err := sys.LinkUp(n.Target); err != nil {
		return errSystem(err, "Cannot set interface flags on '%s'", n.Target)
	}
	return nil
}

func joinBridge(n *xml.Interface) error {
	if err := sys.BridgeAdd(n.Source.Bridge, n.Target); err != nil {
		return errSystem(err, "Unable to add bridge %s port %s", n.Source.Bridge, n.Target)
	}
	if n.Isolated != xml.Yes {
		return nil
	}
	if err := os.WriteFile(filepath.Join(networkDevices, n.Target, "brport/isolated"), []byte("1"), 0); err != nil {
		return errSystem(err, "Unable to set bridge %s port %s %s to %s", n.Source.Bridge, n.Target, "isolated", "1")
	}
	return nil
}

// runScript runs what an administrator wants done with a tap device.
func (d *Driver) runScript(ctx context.Context, script, device string) error {
	if script == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, scriptPatience)
	defer cancel()
	_, err := outside.Host{}.Run(ctx, outside.Command{Path: script, Args: []string{device}})
	var failed *outside.StatusError
	switch {
	case errors.As(err, &failed):
		return errInternal("Child process (%s %s) unexpected exit status %d", script, device, failed.Status)
	case err != nil:
		return errSystem(err, "Cannot find '%s' in path", script)
	}
	return nil
}

const scriptPatience = 30 * time.Second

// downScript runs an administrator's script beside a domain's process, which must not wait.
type downScript struct {
	drv            *Driver
	script, device string
}

func (d *downScript) Start(*gen.Process) error {
	if err := d.drv.runScript(context.Background(), d.script, d.device); err != nil {
		d.drv.log.Warn(err.Error())
	}
	return nil
}

// Stop lets the script run on: a transient domain is gone before it is done, and it has its own limit.
func (d *downScript) Stop(error) {}

// unplug does what the document wants done with tap devices whose machine is gone.
func (m *machine) unplug(p *gen.Process) {
	for _, n := range m.status.Domain.Devices.Interfaces {
		if n.Type != "ethernet" || n.DownScript == "" || n.Target == "" {
			continue
		}
		if err := p.SpawnMeta("downscript", &downScript{m.drv, n.DownScript, n.Target}); err != nil {
			m.drv.log.Warn(err.Error())
		}
	}
}

// bridgeHelpers are where distributions put QEMU's helper, beside what qemu.conf says.
var bridgeHelpers = []string{
	"/usr/libexec/qemu-bridge-helper", "/usr/lib/qemu/qemu-bridge-helper", "/usr/lib/qemu-bridge-helper",
}

// bridgeHelper lets QEMU's privileged helper make the tap device, which a session may not.
func (s *starter) bridgeHelper(n *xml.Interface) (*os.File, error) {
	helper := s.drv.config.Process.BridgeHelper
	for _, path := range bridgeHelpers {
		if !exists(helper) && exists(path) {
			helper = path
		}
	}
	if !exists(helper) {
		return nil, errSystem(syscall.ENOENT, "'%s' is not a suitable bridge helper", helper)
	}
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, errSystem(err, "failed to create socket")
	}
	ours, theirs := os.NewFile(uintptr(pair[0]), "bridge"), os.NewFile(uintptr(pair[1]), "helper")
	defer ours.Close()
	args := []string{"--br=" + n.Source.Bridge, fmt.Sprintf("--fd=%d", firstFD)}
	if n.IsVirtio() {
		args = append([]string{"--use-vnet"}, args...)
	}
	cmd := exec.CommandContext(s.ctx, helper, args...)
	cmd.ExtraFiles = []*os.File{theirs}
	out, err := cmd.CombinedOutput()
	theirs.Close()
	var files []*os.File
	if err == nil {
		control := make([]byte, syscall.CmsgSpace(4))
		_, files, err = sys.Recv(pair[0], make([]byte, 1), control)
	}
	if err != nil || len(files) != 1 {
		words := ""
		if len(out) > 0 {
			words = "stderr=" + string(out)
		}
		return nil, errSystem(syscall.ENOTCONN, "%s %s: failed to communicate with bridge helper: %s",
			helper, strings.Join(args, " "), words)
	}
	return files[0], nil
}

func firstLine(out []byte, err error) string {
	for i, b := range out {
		if b == '\n' {
			return string(out[:i])
		}
	}
	if len(out) > 0 {
		return string(out)
	}
	return err.Error()
}
