package machine

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// images are what the disks of the kinds are.
func (h *host) images() {
	h.t.Helper()
	h.image("a.raw", "raw", "")
	h.image("top.qcow2", "qcow2", h.image("middle.qcow2", "qcow2", h.image("base.qcow2", "qcow2", "")))
	for _, end := range []string{"pipe", "pipe.in", "pipe.out"} {
		if err := syscall.Mkfifo(filepath.Join(h.Path("files"), end), 0o666); err != nil {
			h.t.Fatal(err)
		}
		if err := os.Chmod(filepath.Join(h.Path("files"), end), 0o666); err != nil {
			h.t.Fatal(err)
		}
	}
}

// nothingLeft waits until neither a process nor a file of the machine is there.
func (h *host) nothingLeft(name string) {
	h.t.Helper()
	var processes, files []string
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if processes, files = running(name), h.left(name); len(processes)+len(files) == 0 {
			return
		}
	}
	h.t.Errorf("left behind: processes %q, files %q", processes, files)
}

func TestMachinesStartAndLeaveNothing(t *testing.T) {
	top := newHost(t, false)
	top.images()
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			if lacking := k.lacks(); lacking != "" {
				t.Skipf("%s is not installed", lacking)
			}
			h := &host{Daemon: top.Daemon, t: t, uri: top.uri}
			name := "vtkind-" + k.name + "-" + strconv.Itoa(os.Getpid())
			h.define(name, k)
			h.must("start", name)
			if state := h.must("domstate", name); state != "running" {
				t.Errorf("state %s", state)
			}
			if len(running(name)) == 0 {
				t.Error("no process")
			}
			h.must("dumpxml", name)
			h.must("destroy", name)
			h.nothingLeft(name)
			h.must("undefine", name, "--nvram")
		})
	}
}

func TestFailedStartLeavesNothing(t *testing.T) {
	h := newHost(t, false)
	name := "vtfails-" + strconv.Itoa(os.Getpid())
	h.define(name, kind{devices: "<graphics type='vnc' autoport='yes'/><channel type='unix'><target type='virtio' name='a'/></channel>" +
		"<memory model='nvdimm'><source><path>/none/nv</path></source><target><size unit='MiB'>64</size><node>0</node></target></memory>",
		more: "<maxMemory slots='2' unit='MiB'>512</maxMemory><cpu><numa><cell id='0' cpus='0' memory='64' unit='MiB'/></numa></cpu>"})
	if out, err := h.virsh("start", name); err == nil {
		t.Fatalf("a machine without its memory started: %s", out)
	}
	if state := h.must("domstate", name); state != "shut off" {
		t.Errorf("state %s", state)
	}
	h.nothingLeft(name)
}

func TestNetworks(t *testing.T) {
	top := newHost(t, true)
	inside := func(args ...string) string {
		args = append([]string{"-t", strconv.Itoa(top.PID()), "-m", "-n"}, args...)
		out, err := exec.Command("nsenter", args...).CombinedOutput()
		if err != nil {
			t.Logf("%v: %s", args, out)
		}
		return string(out)
	}
	inside("mount", "-t", "sysfs", "sysfs", "/sys") // that of the namespace
	inside("ip", "link", "add", "vtbr0", "type", "bridge")
	inside("ip", "link", "set", "vtbr0", "up")
	if !strings.Contains(inside("ip", "link", "show", "vtbr0"), "vtbr0") {
		t.Skip("no bridge can be made here")
	}
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		t.Skip("no /dev/net/tun")
	}
	for _, k := range networks {
		t.Run(k.name, func(t *testing.T) {
			h := &host{Daemon: top.Daemon, t: t, uri: top.uri}
			name := "vtnet-" + k.name + "-" + strconv.Itoa(os.Getpid())
			h.define(name, k)
			h.must("start", name)
			links := inside("ip", "-d", "link")
			if !strings.Contains(links, "vttap") || !strings.Contains(links, "link/ether fe:") {
				t.Errorf("no tap device with an address of its own:\n%s", links)
			}
			if k.name == "bridge" && !strings.Contains(links, "isolated on") {
				t.Errorf("the port is not isolated:\n%s", links)
			}
			h.must("destroy", name)
			h.nothingLeft(name)
			if strings.Contains(inside("ip", "link"), "vttap") {
				t.Error("the tap device is left behind")
			}
		})
	}
}
