package images

import (
	"errors"
	"strings"
	"testing"

	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/domain"
)

type testPools map[string]*Pool

func (p testPools) Pool(name string) (*Pool, error) {
	if pool := p[name]; pool != nil {
		return pool, nil
	}
	return nil, virerr.New(virerr.FromStorage, virerr.NoStoragePool, "no pool %s", name)
}

func (p testPools) Volume(pool, name string) (*Volume, error) {
	return &Volume{Type: "file", Path: "/pools/" + pool + "/" + name}, nil
}

func TestTranslate(t *testing.T) {
	pools := testPools{
		"dir":   {Type: "dir", Active: true},
		"off":   {Type: "dir"},
		"rbd":   {Type: "rbd", Active: true},
		"iscsi": {Type: "iscsi", Active: true, Device: "iqn.x", Hosts: []domain.NetworkHost{{Name: "h"}}},
	}
	tests := []struct {
		source       domain.DiskSource
		actual, path string // what it is to be
		refusal      string
	}{
		{domain.DiskSource{Type: "file", Path: "/a"}, "", "/a", ""},
		{domain.DiskSource{Type: "volume", Pool: "dir", Volume: "v"}, "file", "/pools/dir/v", ""},
		{domain.DiskSource{Type: "volume", Pool: "iscsi", Volume: "unit:0:0:1"}, "block", "/pools/iscsi/unit:0:0:1", ""},
		{domain.DiskSource{Type: "volume", Pool: "iscsi", Volume: "unit:0:0:1", PoolMode: "direct"}, "network", "", ""},
		{domain.DiskSource{Type: "volume", Pool: "iscsi", Volume: "v", PoolMode: "direct"}, "", "", "unexpected iscsi volume name 'v'"},
		{domain.DiskSource{Type: "volume", Pool: "dir", Volume: "v", PoolMode: "host"}, "", "", "disk source mode is only valid"},
		{domain.DiskSource{Type: "volume", Pool: "off", Volume: "v"}, "", "", "storage pool 'off' containing volume 'v' is not active"},
		{domain.DiskSource{Type: "volume", Pool: "rbd", Volume: "v"}, "", "", "using 'rbd' pools for backing 'volume' disks"},
		{domain.DiskSource{Type: "volume", Pool: "gone", Volume: "v"}, "", "", "no pool gone"},
	}
	for _, tt := range tests {
		s := tt.source
		err := Translate(&s, pools)
		if tt.refusal != "" {
			if err == nil || !strings.Contains(err.Error(), tt.refusal) {
				t.Errorf("%+v: error %v, want %q", tt.source, err, tt.refusal)
			}
			continue
		}
		if err != nil || s.Actual != tt.actual || s.Path != tt.path {
			t.Errorf("%+v: %q %q %v", tt.source, s.Actual, s.Path, err)
		}
		if s.Actual == "network" && (s.Network.Name != "iqn.x/1" || s.Network.Hosts[0].Port != iscsiPort) {
			t.Errorf("target %+v", s.Network)
		}
	}
}

func TestPrepareDropsWhatMayBeMissing(t *testing.T) {
	gone := errors.New("gone")
	disk := func(device, policy string) *domain.Disk {
		return &domain.Disk{Device: device, StartupPolicy: policy, Source: &domain.DiskSource{Type: "file", Path: "/gone"}}
	}
	tests := []struct {
		device, policy string
		fresh          bool
		left           int // disks; -1 for an error
		empty          bool
	}{
		{"disk", "", true, -1, false},
		{"disk", "mandatory", true, -1, false},
		{"disk", "optional", true, 0, false},
		{"disk", "optional", false, -1, false},
		{"cdrom", "optional", false, 1, true},
		{"cdrom", "requisite", true, -1, false},
		{"cdrom", "requisite", false, 1, true},
	}
	for _, tt := range tests {
		d := &domain.Domain{}
		d.Devices.Disks = []*domain.Disk{disk(tt.device, tt.policy)}
		dropped, err := Prepare(d, tt.fresh, func(*domain.Disk) error { return gone })
		if (err != nil) != (tt.left < 0) {
			t.Errorf("%+v: error %v", tt, err)
			continue
		}
		if err != nil {
			continue
		}
		if len(dropped) != 1 || dropped[0].Path != "/gone" || dropped[0].Drive != tt.empty {
			t.Errorf("%+v: told of %+v", tt, dropped)
		}
		if len(d.Devices.Disks) != tt.left || tt.empty && !d.Devices.Disks[0].Source.Empty() {
			t.Errorf("%+v: %d disks left", tt, len(d.Devices.Disks))
		}
	}
}
