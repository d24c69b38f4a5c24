package images

import (
	"strings"

	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/domain"
)

// Pool is what is known of an active pool. Errors about pools that are not there or not
// active are those of who looks them up.
type Pool struct {
	Type      string // dir, fs, iscsi, ...
	Active    bool
	Hosts     []domain.NetworkHost
	Device    string // the first one, the target of iSCSI
	Auth      *domain.SourceAuth
	Initiator string
}

// Volume is what is known of a volume.
type Volume struct {
	Type string // file, block, dir, network, netdir, ploop
	Path string
}

// Pools looks pools and volumes up.
type Pools interface {
	Pool(name string) (*Pool, error)
	Volume(pool, name string) (*Volume, error)
}

// iscsiPort is that of a target that names none.
const iscsiPort = 3260

// actual is what kinds of volumes are to QEMU; empty for what such pools have not.
var actual = map[string]string{"file": "file", "dir": "dir", "block": "block", "ploop": "file"}

// Translate completes a source of type volume; others are left alone.
func Translate(s *domain.DiskSource, pools Pools) error {
	if s.Type != "volume" || s.Pool == "" {
		return nil
	}
	p, err := pools.Pool(s.Pool)
	if err != nil {
		return err
	}
	if !p.Active {
		return unsupported("storage pool '%s' containing volume '%s' is not active", s.Pool, s.Volume)
	}
	v, err := pools.Volume(s.Pool, s.Volume)
	if err != nil {
		return err
	}
	if s.PoolMode != "" && p.Type != "iscsi" {
		return virerr.New(virerr.FromDomain, virerr.XMLError, "disk source mode is only valid when storage pool is of iscsi type")
	}
	s.Path, s.Network, s.Auth = "", nil, nil
	switch p.Type {
	case "dir", "fs", "netfs", "logical", "disk", "scsi", "zfs", "vstorage":
		s.Path = v.Path
		if s.Actual = actual[v.Type]; s.Actual == "" {
			return virerr.New(virerr.FromDomain, virerr.InternalError,
				"unexpected storage volume type '%s' for storage pool type '%s'", v.Type, p.Type)
		}
		return nil
	case "iscsi":
		if s.PoolMode == "direct" {
			return direct(s, p)
		}
		s.PoolMode, s.Actual, s.Path = "host", "block", v.Path
		return nil
	case "iscsi-direct":
		return direct(s, p)
	}
	return unsupported("using '%s' pools for backing 'volume' disks isn't yet supported", p.Type)
}

// direct lets QEMU itself speak to the target.
func direct(s *domain.DiskSource, p *Pool) error {
	if len(p.Hosts) != 1 {
		return unsupported("Expected exactly 1 host for the storage pool")
	}
	unit := strings.Split(s.Volume, ":") // unit:0:0:1
	if len(unit) != 4 {
		return virerr.New(virerr.FromDomain, virerr.InternalError, "unexpected iscsi volume name '%s'", s.Volume)
	}
	host := p.Hosts[0]
	if host.Port == 0 {
		host.Port = iscsiPort
	}
	host.Transport, host.Socket = "tcp", ""
	s.Actual = "network"
	s.Network = &domain.NetworkSource{
		Protocol: "iscsi", Name: p.Device + "/" + unit[3], Hosts: []domain.NetworkHost{host}, InitiatorIQN: p.Initiator,
	}
	if p.Auth != nil {
		auth := *p.Auth
		auth.Type = ""
		if auth.Secret.Type == "" {
			auth.Secret.Type = "iscsi"
		}
		s.Auth = &auth
	}
	return nil
}

func unsupported(format string, args ...any) error {
	return virerr.New(virerr.FromDomain, virerr.ConfigUnsupported, format, args...)
}
