package qemu

import (
	"cmp"
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/domain"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/virtype"
)

func (d *Driver) peekHandlers(t *dispatch.Table) {
	dispatch.Handle(t, remote.ProcDomainBlockPeek, dispatch.Worker, d.blockPeek)
	dispatch.Handle(t, remote.ProcDomainMemoryPeek, dispatch.Worker, d.memoryPeek)
}

// maxPeek bounds what a client may look at in one call.
const maxPeek = 4194304

func checkPeek(size uint32) error {
	if size > maxPeek {
		return virerr.New(virerr.FromRPC, virerr.InternalError, "size > maximum buffer size")
	}
	return nil
}

func (d *Driver) blockPeek(c *dispatch.Call, a *remote.DomainBlockPeekArgs) (*remote.DomainBlockPeekRet, error) {
	if err := checkPeek(a.Size); err != nil {
		return nil, err
	}
	if err := checkFlags(c, a.Flags, 0); err != nil {
		return nil, err
	}
	o, err := d.find(a.Dom)
	if err != nil {
		return nil, err
	}
	disk := findDisk(o.Def, a.Path)
	switch {
	case disk == nil:
		return nil, errInvalidArg("disk '%s' not found in domain", a.Path)
	case disk.Source.Type == "vhostuser":
		return nil, errUnsupportedOperation("peeking is not supported for vhostuser disk")
	case disk.Source.Format != "raw":
		return nil, errUnsupportedOperation("peeking is only supported for disk with 'raw' format not '%s'",
			cmp.Or(disk.Source.Format, "none"))
	case disk.Source.FDGroup != "":
		return nil, errUnsupportedOperation("peeking is not supported for FD passed images")
	case !local(disk.Source):
		protocol := "none"
		if disk.Source.Network != nil {
			protocol = disk.Source.Network.Protocol
		}
		return nil, errInternal("storage file reading is not supported for storage type %s (protocol: %s)",
			disk.Source.Type, protocol)
	}
	buf, err := peekFile(disk.Source.Path, a)
	return &remote.DomainBlockPeekRet{Buffer: buf}, err
}

// errStorage is a failed system call on an image, told by libvirt's code for storage.
func errStorage(err error, format string, args ...any) error {
	return virerr.System(virerr.FromStorage, err, format, args...)
}

func peekFile(path string, a *remote.DomainBlockPeekArgs) ([]byte, error) {
	if path == "" {
		return nil, errStorage(syscall.EFAULT, "Failed to open file '%s'", "(null)")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, errStorage(err, "Failed to open file '%s'", path)
	}
	defer f.Close()
	if a.Size == 0 {
		return nil, errStorage(syscall.EINVAL, "cannot read header '%s'", path)
	}
	buf := make([]byte, a.Size)
	n, err := io.ReadFull(io.NewSectionReader(f, int64(a.Offset), int64(a.Size)), buf)
	switch {
	case err == nil:
		return buf, nil
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, errInvalidArg("'%s' starting from %d has only %d bytes available", a.Path, a.Offset, n)
	}
	return nil, errStorage(err, "cannot read header '%s'", path)
}

func (d *Driver) memoryPeek(c *dispatch.Call, a *remote.DomainMemoryPeekArgs) (*remote.DomainMemoryPeekRet, error) {
	if err := checkPeek(a.Size); err != nil {
		return nil, err
	}
	if err := checkFlags(c, a.Flags, virtype.MemoryVirtual|virtype.MemoryPhysical); err != nil {
		return nil, err
	}
	if _, err := d.find(a.Dom); err != nil {
		return nil, err
	}
	command := map[uint32]string{virtype.MemoryVirtual: "memsave", virtype.MemoryPhysical: "pmemsave"}[a.Flags]
	if command == "" {
		return nil, errInvalidArg("flags parameter must be VIR_MEMORY_VIRTUAL or VIR_MEMORY_PHYSICAL")
	}
	r := &remote.DomainMemoryPeekRet{}
	err := d.active(c, a.Dom, domain.JobQuery, func(h handle) (err error) {
		r.Buffer, err = saveMemory(c, h, command, a)
		return err
	})
	return r, err
}

// saveMemory lets QEMU write memory to a file of ours, and reads it.
func saveMemory(c *dispatch.Call, h handle, command string, a *remote.DomainMemoryPeekArgs) ([]byte, error) {
	template := filepath.Join(h.object.Status.LibDir, "qemu.mem.XXXXXX")
	tmp, err := os.CreateTemp(h.object.Status.LibDir, "qemu.mem.")
	if err != nil {
		return nil, errSystem(err, "g_mkstemp(\"%s\") failed", template)
	}
	defer os.Remove(tmp.Name())
	defer tmp.Close()
	args := map[string]any{"val": a.Offset, "size": a.Size, "filename": tmp.Name()}
	if _, err := h.monitor(c, command, args, nil); err != nil {
		return nil, err
	}
	buf := make([]byte, a.Size)
	if _, err := io.ReadFull(tmp, buf); err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, errSystem(err, "failed to read temporary file created with template %s", template)
	}
	return buf, nil
}
