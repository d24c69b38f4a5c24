package qemu

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	xml "virtree.dev/protocol/xml/domain"
)

// hugeFolder is libvirt's own in a file system of huge pages.
const hugeFolder = "libvirt/qemu"

// hugeMount is a file system whose files are made of huge pages.
type hugeMount struct {
	path string
	size uint64 // of a page, in KiB
}

// folder is where a machine's pages are.
func (m hugeMount) folder(id int, name string) string {
	return filepath.Join(m.path, hugeFolder, shortName(id, name))
}

// hugeMounts are those of qemu.conf, or else those that the host has; the first one
// has pages of the host's usual size, where there is such a one.
func (d *Driver) hugeMounts() []hugeMount {
	paths := d.config.Process.HugeTLBFS
	if paths == nil {
		paths = mountsOf("hugetlbfs")
	}
	var out []hugeMount
	usual := usualHugePage()
	for _, path := range paths {
		var fs syscall.Statfs_t
		if path == "" || syscall.Statfs(path, &fs) != nil {
			continue
		}
		m := hugeMount{path, uint64(fs.Bsize) / 1024}
		if m.size == usual {
			out = append([]hugeMount{m}, out...)
			continue
		}
		out = append(out, m)
	}
	return out
}

// mountsOf lists the places where file systems of a type are.
func mountsOf(kind string) []string {
	text, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return nil
	}
	var out []string
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) > 2 && f[2] == kind {
			out = append(out, f[1])
		}
	}
	return out
}

// usualHugePage is the host's default size in KiB, 0 when it has none.
func usualHugePage() uint64 {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "\nHugepagesize:")
	line, _, _ := strings.Cut(rest, "\n")
	if f := strings.Fields(line); len(f) > 0 {
		size, err := strconv.ParseUint(f[0], 10, 64)
		if err == nil {
			return size
		}
	}
	return 0
}

// defaultHugePage is the size of pages for a machine that names none; 0 for none.
func (d *Driver) defaultHugePage() uint64 {
	if all := d.hugeMounts(); len(all) > 0 {
		return all[0].size
	}
	return 0
}

// hugeTLB names a machine's folder where the pages of that size in KiB are, and makes it
// for a machine that is about to start.
func (d *Driver) hugeTLB(def *xml.Domain, starts bool) func(uint64) (string, error) {
	return func(size uint64) (string, error) {
		for _, m := range d.hugeMounts() {
			if m.size != size {
				continue
			}
			folder := m.folder(def.ID, def.Name)
			if !starts {
				return folder, nil
			}
			if err := os.MkdirAll(filepath.Join(m.path, hugeFolder), 0o711); err != nil {
				return "", errSystem(err, "unable to create hugepage path %s", filepath.Join(m.path, hugeFolder))
			}
			return folder, d.makeFolder(def, folder)
		}
		return "", errInternal("Unable to find any usable hugetlbfs mount for %d KiB", size)
	}
}

// memoryFile names a file that stands for a machine's memory, and makes its folder for one
// that is about to start.
func (d *Driver) memoryFile(def *xml.Domain, starts bool) func(string) (string, error) {
	return func(alias string) (string, error) {
		dir := d.files.memory(def.ID, def.Name)
		if starts {
			if err := d.makeFolder(def, dir); err != nil {
				return "", err
			}
		}
		return filepath.Join(dir, alias), nil
	}
}

// makeFolder makes a folder for the memory of a machine.
func (d *Driver) makeFolder(def *xml.Domain, path string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return errSystem(err, "Unable to create %s", path)
	}
	return d.givePath(def, path)
}

// forget takes away what a machine left behind.
func (d *Driver) forget(id int, name string, folders ...string) {
	d.forgetMemory(id, name)
	d.files.forget(name, folders...)
}

func (d *Driver) forgetMemory(id int, name string) {
	_ = os.RemoveAll(d.files.memory(id, name))
	for _, m := range d.hugeMounts() {
		_ = os.RemoveAll(m.folder(id, name))
	}
}

// nodeOfCPU is the memory node that a processor of the host belongs to.
func (d *Driver) nodeOfCPU(cpu int) int {
	nodes, err := d.host.Nodes()
	if err != nil {
		return 0
	}
	for _, n := range nodes {
		if cpus, err := d.host.NodeCPUs(n); err == nil && slices.Contains(cpus, cpu) {
			return n
		}
	}
	return 0
}
