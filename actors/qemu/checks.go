package qemu

import (
	"context"
	"encoding/json"
	"os"
	"slices"
	"sync"
	"time"

	"virtree.dev/actors/qemu/caps"
	"virtree.dev/actors/qemu/validation"
	outside "virtree.dev/internal/command"
	"virtree.dev/protocol/virerr"
	xml "virtree.dev/protocol/xml/domain"
)

// checks is what a definition depends on here.
func (d *Driver) checks() *validation.Host {
	return &validation.Host{
		PhysBits: d.host.AddressBits, SpiceTLS: d.config.Spice.TLS.Enabled, TPMVersions: d.swtpm.versions,
	}
}

// checkStart says whether a completed machine can be started here.
func (d *Driver) checkStart(def *xml.Domain, c *caps.Caps) error {
	if def.Type == "kvm" && !exists("/dev/kvm") {
		return errUnsupportedConfig("Domain requires KVM, but it is not available. Check that virtualization is enabled " +
			"in the host BIOS, and host configuration is setup to load the kvm modules.")
	}
	for _, n := range def.Devices.Interfaces {
		if n.Type == "network" && n.Actual == nil { // no driver for networks is here to give it a port
			return virerr.New(virerr.FromNetwork, virerr.NoNetwork, "no network with matching name '%s'", n.Source.Network)
		}
	}
	nodes, err := d.host.Nodes()
	if err != nil {
		nodes = []int{0}
	}
	return validation.Start(def, c, &validation.StartHost{
		Privileged: d.dirs.Privileged, SpiceTLS: d.config.Spice.TLS.Enabled,
		VFIO: d.hasVFIO(),
		Node: func(node int) bool { return slices.Contains(nodes, node) },
	})
}

// swtpm remembers which versions of TPM the emulator on this host has.
type swtpm struct {
	runner outside.Runner
	mu     sync.Mutex
	asked  time.Time // when swtpm_setup was changed before it was asked
	known  []string
}

const swtpmPatience = 10 * time.Second

// versions asks swtpm_setup, again only when that changed. There is no emulator without its tools.
func (s *swtpm) versions() []string {
	setup := inPath("swtpm_setup")
	info, err := os.Stat(setup)
	if err != nil || inPath("swtpm") == "" || inPath("swtpm_ioctl") == "" {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asked.Equal(info.ModTime()) {
		return s.known
	}
	ctx, cancel := context.WithTimeout(context.Background(), swtpmPatience)
	defer cancel()
	answer, err := s.runner.Run(ctx, outside.Command{Path: setup, Args: []string{"--print-capabilities"}})
	if err != nil {
		return nil
	}
	s.asked, s.known = info.ModTime(), swtpmVersions(answer.Stdout)
	return s.known
}

// swtpmVersions reads the tool's own account.
func swtpmVersions(text []byte) []string {
	var told struct {
		Features []string `json:"features"`
	}
	if json.Unmarshal(text, &told) != nil {
		return nil
	}
	var known []string
	for feature, version := range map[string]string{"tpm-1.2": "1.2", "tpm-2.0": "2.0"} {
		if slices.Contains(told.Features, feature) {
			known = append(known, version)
		}
	}
	slices.Sort(known)
	return known
}
