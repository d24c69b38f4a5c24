package qemu

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"

	"virtree.dev/actors/dispatch"
	"virtree.dev/internal/hostinfo"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/virtype"
)

// ksmSettable are the parameters of page merging that may be changed.
var ksmSettable = virtype.Allowed{Types: map[string]int32{
	"shm_pages_to_scan": virtype.TypedParamUint, "shm_sleep_millisecs": virtype.TypedParamUint,
	"shm_merge_across_nodes": virtype.TypedParamUint,
}}

func (d *Driver) setNodeMemoryParameters(c *dispatch.Call, a *remote.NodeSetMemoryParametersArgs) (*dispatch.Void, error) {
	if a.Flags != 0 {
		return nil, errFlags(virerr.FromNone, "virHostMemSetParameters", a.Flags)
	}
	if err := ksmSettable.Check(a.Params); err != nil {
		return nil, err
	}
	for i := range a.Params {
		if name := a.Params[i].Field; !d.host.HasKSM(ksmName(name)) {
			return nil, errHost(virerr.OperationInvalid, "Parameter '%s' is not supported by this kernel", name)
		}
	}
	for i := range a.Params {
		p := &a.Params[i]
		if d.host.SetKSM(ksmName(p.Field), uint64(p.Value.Ui)) != nil {
			return nil, virerr.System(virerr.FromNone, syscall.EPERM, "failed to set %s", p.Field)
		}
	}
	return &dispatch.Void{}, nil
}

// ksmName gives the kernel's name of a parameter.
func ksmName(name string) string { return strings.TrimPrefix(name, "shm_") }

func (d *Driver) nodeAllocPages(c *dispatch.Call, a *remote.NodeAllocPagesArgs) (*remote.NodeAllocPagesRet, error) {
	if err := checkFlags(c, a.Flags, virtype.NodeAllocPagesSet); err != nil {
		return nil, err
	}
	first, last := a.StartCell, d.lastNode()
	if nodes, _ := d.host.Nodes(); nodes == nil && last == 0 && first == 0 && a.CellCount == 1 {
		first = hostinfo.AllNodes // a kernel without NUMA
	}
	if first > last {
		return nil, errHost(virerr.InternalError, "start cell %d out of range (0-%d)", first, last)
	}
	last = int32(min(int64(last), int64(first)+int64(a.CellCount)-1))
	r := &remote.NodeAllocPagesRet{}
	for cell := first; cell <= last; cell++ {
		for i, size := range a.PageSizes {
			if i >= len(a.PageCounts) {
				break
			}
			if err := d.allocPages(int(cell), uint64(size), a.PageCounts[i], a.Flags&virtype.NodeAllocPagesSet == 0); err != nil {
				return nil, err
			}
			r.Ret++
		}
	}
	return r, nil
}

// allocPages sets the number of huge pages of a size on a node, or adds to it. What the kernel could
// get stays where it is less.
func (d *Driver) allocPages(node int, size, count uint64, add bool) error {
	if size == uint64(os.Getpagesize()/1024) {
		return errHost(virerr.OperationUnsupported, "system pages pool can't be modified")
	}
	now, err := d.host.HugePages(node, size)
	if err != nil {
		return d.noPages(err, node, size)
	}
	if add {
		count += now
	}
	if count == now {
		return nil
	}
	if err := d.host.SetHugePages(node, size, count); err != nil {
		return virerr.System(virerr.FromNone, err, "Unable to write to: %s", d.host.PagePoolFile(node, size))
	}
	if now, err = d.host.HugePages(node, size); err != nil {
		return d.noPages(err, node, size)
	}
	if now != count {
		return errHost(virerr.OperationFailed, "Unable to allocate %d pages. Allocated only %d", count, now)
	}
	return nil
}

// noPages says why there are no pages of a size.
func (d *Driver) noPages(err error, node int, size uint64) error {
	refuse := func(format string, args ...any) error {
		return errHost(virerr.OperationFailed, format, args...)
	}
	nodes, _ := d.host.Nodes()
	switch {
	case !errors.Is(err, fs.ErrNotExist):
		return virerr.From(virerr.FromNone, err)
	case node == hostinfo.AllNodes:
		return refuse("page size %d is not available", size)
	case !slices.Contains(nodes, node):
		return refuse("NUMA node %d is not available", node)
	}
	return refuse("page size %d is not available on node %d", size, node)
}

func (d *Driver) sysinfo(c *dispatch.Call, a *remote.ConnectGetSysinfoArgs) (*remote.ConnectGetSysinfoRet, error) {
	if err := checkFlags(c, a.Flags, 0); err != nil {
		return nil, err
	}
	info, err := d.smbios()
	if err != nil {
		return nil, errUnsupportedConfig("Host SMBIOS information is not available")
	}
	return &remote.ConnectGetSysinfoRet{Sysinfo: info.Format()}, nil
}
