package caps

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"virtree.dev/protocol/xml/xmltree"
)

// cacheFormat changes whenever a binary would be asked something else, or the answers kept otherwise.
const cacheFormat = 1

// cached is the content of a cache file. Names of fields are short, and what both accelerators have
// in common is kept once: the file is read at each start of the daemon.
type cached struct {
	Format  int     `json:"format"`
	Stamp   Stamp   `json:"stamp"`
	Binary  string  `json:"binary"`
	Version uint    `json:"version"`
	Package string  `json:"package,omitempty"`
	Arch    string  `json:"arch"`
	KVM     bool    `json:"kvm,omitempty"`
	Flags   string  `json:"flags"` // separated by spaces
	Accels  []accel `json:"accels"`
	GICs    []GIC   `json:"gics,omitempty"`
	SEV     *SEV    `json:"sev,omitempty"`
	SGX     *SGX    `json:"sgx,omitempty"`
	HyperV  *HyperV `json:"hyperv,omitempty"`
}

type accel struct {
	Name     string      `json:"name"`
	Same     bool        `json:"same,omitempty"` // the machines are those of the accelerator before
	Machines []string    `json:"machines,omitempty"`
	CPUs     []string    `json:"cpus,omitempty"`
	Host     *cachedHost `json:"host,omitempty"`
}

// cachedHost keeps names of switches in one text each, separated by spaces.
type cachedHost struct {
	Model         string            `json:"model"`
	Migratability bool              `json:"migratability,omitempty"`
	Off           string            `json:"off,omitempty"`
	On            string            `json:"on,omitempty"` // and migratable
	Stuck         string            `json:"stuck,omitempty"`
	Unknown       string            `json:"unknown,omitempty"` // on, but nobody knows about migration
	Numbers       map[string]int64  `json:"numbers,omitempty"`
	Texts         map[string]string `json:"texts,omitempty"`
	Deprecated    []string          `json:"deprecated,omitempty"`
}

// virtTypes are the accelerators in the order of libvirt's documents.
var virtTypes = []string{"kvm", "hvf", "qemu"}

func (c *Caps) encode(s Stamp) ([]byte, error) {
	out := cached{
		Format: cacheFormat, Stamp: s, Binary: c.Binary, Version: c.Version, Package: c.Package, Arch: c.Arch,
		KVM: c.KVM, Flags: strings.Join(c.FlagNames(), " "), GICs: c.GICs, SEV: c.SEV, SGX: c.SGX, HyperV: c.HyperV,
	}
	var before *Accel
	for _, t := range virtTypes {
		a := c.Accels[t]
		if a == nil {
			continue
		}
		e := accel{Name: t, Host: encodeHost(a.Host)}
		if e.Same = before != nil && reflect.DeepEqual(before.Machines, a.Machines); !e.Same {
			e.Machines = lines(a.Machines, (*Machine).line)
		}
		e.CPUs = lines(a.CPUs, (*CPUModel).line)
		out.Accels = append(out.Accels, e)
		before = a
	}
	return json.Marshal(out)
}

func decode(b []byte) (*Caps, Stamp, error) {
	var in cached
	if err := json.Unmarshal(b, &in); err != nil {
		return nil, Stamp{}, err
	}
	if in.Format != cacheFormat {
		return nil, Stamp{}, fmt.Errorf("format %d of the cache file is not ours", in.Format)
	}
	c := New(in.Arch, in.Version)
	c.Binary, c.CTime, c.Package, c.KVM = in.Binary, in.Stamp.CTime/1e9, in.Package, in.KVM
	c.GICs, c.SEV, c.SGX, c.HyperV = in.GICs, in.SEV, in.SGX, in.HyperV
	for f := range strings.SplitSeq(in.Flags, " ") {
		c.flags[Flag(f)] = true
	}
	var before *Accel
	for _, e := range in.Accels {
		a := c.accel(e.Name)
		a.Host, a.CPUs = e.Host.decode(), unlines(e.CPUs, (*CPUModel).setLine)
		if a.Machines = unlines(e.Machines, (*Machine).setLine); e.Same && before != nil {
			a.Machines = before.Machines
		}
		before = a
	}
	return c, in.Stamp, nil
}

func encodeHost(e *Expansion) *cachedHost {
	if e == nil {
		return nil
	}
	h := &cachedHost{
		Model: e.Model, Migratability: e.Migratability, Deprecated: e.Deprecated,
		Numbers: map[string]int64{}, Texts: map[string]string{},
	}
	for _, p := range e.Properties {
		switch v := p.Value.(type) {
		case int64:
			h.Numbers[p.Name] = v
		case string:
			h.Texts[p.Name] = v
		case bool:
			list := h.switches(v, p.Migratable)
			*list = strings.TrimSpace(*list + " " + p.Name)
		}
	}
	return h
}

// switches gives the list for switches of that kind.
func (h *cachedHost) switches(on bool, migratable xmltree.Tristate) *string {
	switch {
	case !on:
		return &h.Off
	case migratable == xmltree.Yes:
		return &h.On
	case migratable == xmltree.No:
		return &h.Stuck
	default:
		return &h.Unknown
	}
}

func (h *cachedHost) decode() *Expansion {
	if h == nil {
		return nil
	}
	e := &Expansion{Model: h.Model, Migratability: h.Migratability, Deprecated: h.Deprecated}
	e.Properties = make([]Property, 0, 512) // QEMU has about 400
	add := func(names string, on bool, migratable xmltree.Tristate) {
		for n := range strings.FieldsSeq(names) {
			e.Properties = append(e.Properties, Property{n, on, migratable})
		}
	}
	add(h.Off, false, xmltree.Absent)
	add(h.On, true, xmltree.Yes)
	add(h.Stuck, true, xmltree.No)
	add(h.Unknown, true, xmltree.Absent)
	for n, v := range h.Numbers {
		e.Properties = append(e.Properties, Property{Name: n, Value: v})
	}
	for n, v := range h.Texts {
		e.Properties = append(e.Properties, Property{Name: n, Value: v})
	}
	e.sort()
	return e
}
