package lockmanager

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"syscall"

	"virtree.dev/internal/command"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/domain"
)

// resource is what virtlockd locks: a name in a folder of leases, or a path in none.
type resource struct {
	space, name string
	flags       uint32
}

// Flags of a resource.
const (
	sharedResource   = 1 // several may have it
	createdResource  = 2 // its file is made when it is wanted
	devices          = "/dev"
	lvs              = "/sbin/lvs"
	scsiID           = "/lib/udev/scsi_id"
	noLeaseForWriter = "Read/write, exclusive access, disks were present, but no leases specified"
)

// ofDomain lists what a machine has to lock.
func (m *Manager) ofDomain(ctx context.Context, d *domain.Domain) ([]resource, error) {
	var all []resource
	for _, l := range d.Devices.Leases {
		if l.Offset != 0 {
			return nil, virerr.New(virerr.FromLocking, virerr.InternalError, "Offset must be zero for this lock manager")
		}
		if l.Lockspace == "" {
			return nil, virerr.New(virerr.FromLocking, virerr.InternalError, "Missing path or lockspace for lease resource")
		}
		all = append(all, resource{space: l.Path + "/" + l.Lockspace, name: l.Key})
	}
	bare := false
	for _, disk := range d.Devices.Disks {
		found, unguarded, err := m.ofDisk(ctx, disk)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
		bare = bare || unguarded
	}
	if len(all) == 0 && bare && m.Plugin.RequireLeaseForDisks {
		return nil, virerr.New(virerr.FromLocking, virerr.ConfigUnsupported, noLeaseForWriter)
	}
	return all, nil
}

// isLocal says whether a source is a file or a device of this host.
func isLocal(s *domain.DiskSource) bool {
	if s == nil || s.Path == "" {
		return false
	}
	kind := s.Type
	if s.Actual != "" {
		kind = s.Actual
	}
	return kind == "file" || kind == "block" || kind == "dir"
}

// ofDisk gives the resource of a disk, if it has one; unguarded says that it is written
// to and has none.
func (m *Manager) ofDisk(ctx context.Context, d *domain.Disk) (all []resource, unguarded bool, err error) {
	if d.ReadOnly || !isLocal(d.Source) {
		return nil, false, nil
	}
	if !m.Plugin.AutoDiskLeases {
		return nil, !d.Shareable, nil
	}
	r, err := m.locate(ctx, d.Source.Path)
	if d.Shareable {
		r.flags |= sharedResource
	}
	return []resource{r}, false, err
}

// locate finds where the lease of a path is: by what the device is on every host, or by the
// path, or in the file itself.
func (m *Manager) locate(ctx context.Context, path string) (resource, error) {
	if strings.HasPrefix(path, devices) {
		for _, by := range []struct {
			space string
			key   func(context.Context, string) (string, error)
		}{{m.Plugin.LVMLockspaceDir, m.volumeUUID}, {m.Plugin.SCSILockspaceDir, m.deviceID}} {
			if by.space == "" {
				continue
			}
			key, err := by.key(ctx, path)
			if err != nil {
				return resource{}, err
			}
			if key != "" {
				return resource{by.space, key, createdResource}, nil
			}
		}
	}
	if m.Plugin.FileLockspaceDir == "" {
		return resource{name: path}, nil
	}
	sum := sha256.Sum256([]byte(path))
	return resource{m.Plugin.FileLockspaceDir, hex.EncodeToString(sum[:]), createdResource}, nil
}

// volumeUUID is that of a logical volume; empty for another device.
func (m *Manager) volumeUUID(ctx context.Context, path string) (string, error) {
	out, err := m.ask(ctx, lvs, "--noheadings", "--unbuffered", "--nosuffix", "--options", "uuid", path)
	return strings.TrimLeft(out, " \t\r\n\v\f"), err
}

// deviceID is that of a SCSI device; empty for another.
func (m *Manager) deviceID(ctx context.Context, path string) (string, error) {
	return m.ask(ctx, scsiID, "--replace-whitespace", "--whitelisted", "--device", path)
}

// ask runs a program that knows devices and gives its first line. That it knows nothing of
// this one is no error.
func (m *Manager) ask(ctx context.Context, program string, args ...string) (string, error) {
	r, err := m.Runner.Run(ctx, command.Command{Path: program, Args: args})
	var status *command.StatusError
	if errors.As(err, &status) {
		return "", nil
	}
	if err != nil {
		return "", virerr.System(virerr.FromNone, syscall.ENOENT, "Cannot find '%s' in path", program)
	}
	line, _, _ := bytes.Cut(bytes.TrimLeft(r.Stdout, " \t"), []byte("\n"))
	return string(line), nil
}
