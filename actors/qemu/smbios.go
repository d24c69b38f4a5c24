package qemu

import (
	"context"
	"errors"
	"os/exec"
	"strconv"
	"strings"
	"time"

	outside "virtree.dev/internal/command"
	xml "virtree.dev/protocol/xml/domain"
	"virtree.dev/protocol/xml/sysinfo"
)

// dmiPatience bounds one run of dmidecode.
const dmiPatience = 10 * time.Second

// readSMBIOS reads the host's SMBIOS tables, which only root may.
func (d *Driver) readSMBIOS() (*sysinfo.Info, error) {
	if !d.dirs.Privileged {
		return nil, errors.New("only root may read the SMBIOS tables")
	}
	path, err := exec.LookPath("dmidecode")
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), dmiPatience)
	defer cancel()
	run := func(args ...string) (outside.Result, error) {
		return outside.Host{}.Run(ctx, outside.Command{Path: path, Args: args})
	}
	r, err := run("-q", "-t", sysinfo.Types)
	if err != nil {
		d.log.Warn(err.Error())
		return nil, err
	}
	info, err := sysinfo.ParseDMI(r.Stdout)
	if err != nil {
		return nil, err
	}
	for i := range info.OEMStrings {
		s := &info.OEMStrings[i]
		if !s.Dotted {
			continue
		}
		raw, err := run("--dump", "--oem-string", strconv.FormatUint(uint64(s.Number), 10))
		if err != nil || len(raw.Stdout) == 0 && len(raw.Stderr) > 0 {
			return nil, errors.Join(errors.New("an OEM string cannot be read"), err)
		}
		s.Text = strings.TrimSuffix(string(raw.Stdout), "\n")
	}
	return info, nil
}

// hostTables are the host's tables for a guest that asks to have the same; nil where they cannot be read.
func (d *Driver) hostTables() *xml.SysInfo {
	info, err := d.smbios()
	if err != nil {
		return nil
	}
	return guestTables(info)
}

// guestTables leaves out the host's identity: no two machines have the same.
func guestTables(info *sysinfo.Info) *xml.SysInfo {
	s := &xml.SysInfo{Type: "smbios"}
	for _, section := range info.Sections {
		entries := []xml.SysEntry{}
		for _, e := range section.Entries {
			if section.Name != "system" || e.Name != "uuid" {
				entries = append(entries, xml.SysEntry{Name: e.Name, Value: e.Value})
			}
		}
		switch section.Name {
		case "bios":
			s.BIOS = entries
		case "system":
			s.System = entries
		case "baseBoard":
			s.BaseBoards = append(s.BaseBoards, entries)
		case "chassis":
			s.Chassis = entries
		}
	}
	if info.HasOEM {
		s.OEMStrings = []string{}
		for _, o := range info.OEMStrings {
			s.OEMStrings = append(s.OEMStrings, o.Text)
		}
	}
	return s
}
