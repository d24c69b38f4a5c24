package qemu

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"syscall"

	"virtree.dev/actors/qemu/command"
	"virtree.dev/internal/sys"
	xml "virtree.dev/protocol/xml/domain"
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
	if name == "" {
		name = "vnet%d"
	}
	f, name, err := sys.Tap(name, n.Driver.Queues > 1, n.Model == "virtio")
	if err != nil {
		return nil, errSystem(err, "Unable to create tap device %s", name)
	}
	n.Target = name
	if p.Index > 0 {
		return f, nil
	}
	if err := plugIn(n); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func (s *starter) interfaceOf(alias string) *xml.Interface {
	for _, n := range s.def.Devices.Interfaces {
		if n.Alias == alias {
			return n
		}
	}
	return nil
}

// plugIn brings a tap device up, on its bridge where it has one.
func plugIn(n *xml.Interface) error {
	if n.MTU > 0 {
		if err := sys.LinkMTU(n.Target, n.MTU); err != nil {
			return errSystem(err, "Cannot set interface MTU on '%s'", n.Target)
		}
	}
	if n.Type == "bridge" {
		if _, err := net.InterfaceByName(n.Source.Bridge); err != nil {
			return errSystem(syscall.ENODEV, "Cannot get interface MTU on '%s'", n.Source.Bridge)
		}
		if err := sys.BridgeAdd(n.Source.Bridge, n.Target); err != nil {
			return errSystem(err, "Unable to add bridge %s port %s", n.Source.Bridge, n.Target)
		}
	}
	if err := sys.LinkUp(n.Target); err != nil {
		return errSystem(err, "Cannot set interface flags on '%s'", n.Target)
	}
	return nil
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
	if n.Model == "virtio" {
		args = append([]string{"--use-vnet"}, args...)
	}
	cmd := exec.CommandContext(s.ctx, helper, args...)
	cmd.ExtraFiles = []*os.File{theirs}
	out, err := cmd.CombinedOutput()
	theirs.Close()
	if err != nil {
		return nil, errInternal("%s: failed to communicate with bridge helper: %s", helper, firstLine(out, err))
	}
	control := make([]byte, syscall.CmsgSpace(4))
	_, files, err := sys.Recv(pair[0], make([]byte, 1), control)
	if err != nil || len(files) != 1 {
		return nil, errInternal("failed to communicate with bridge helper")
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
