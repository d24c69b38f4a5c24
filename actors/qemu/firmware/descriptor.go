package firmware

import (
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sort"
	"strings"
)

// maxDescriptor bounds what is read of one descriptor, in bytes.
const maxDescriptor = 1 << 20

// Image is a firmware file and its format, "raw" or "qcow2".
type Image struct {
	Filename string `json:"filename"`
	Format   string `json:"format"`
}

// Target is an architecture with the machine types, as shell patterns, that an image fits.
type Target struct {
	Architecture string   `json:"architecture"`
	Machines     []string `json:"machines"`
}

// Descriptor is one firmware build.
type Descriptor struct {
	Path       string   // the file that described it
	Interfaces []string // "bios", "uefi", …
	Device     string   // "flash", "memory" or "kernel"
	Mode       string   // of flash: "split", "combined" or "stateless"
	Executable Image
	Template   Image // of the variable store, where Mode is "split"
	Targets    []Target
	Features   []string
}

// Has says whether the build has a feature such as "secure-boot".
func (d *Descriptor) Has(feature string) bool { return slices.Contains(d.Features, feature) }

// Fits says whether the build is for this architecture and machine type.
func (d *Descriptor) Fits(arch, machine string) bool {
	for _, t := range d.Targets {
		if t.Architecture != arch {
			continue
		}
		for _, pattern := range t.Machines {
			if ok, err := path.Match(pattern, machine); err == nil && ok {
				return true
			}
		}
	}
	return false
}

// Parse reads a descriptor.
func Parse(text []byte) (*Descriptor, error) {
	var doc struct {
		Interfaces []string `json:"interface-types"`
		Mapping    struct {
			Device     string `json:"device"`
			Mode       string `json:"mode"`
			Executable Image  `json:"executable"`
			Template   Image  `json:"nvram-template"`
			Filename   string `json:"filename"`
		} `json:"mapping"`
		Targets  []Target `json:"targets"`
		Features []string `json:"features"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, err
	}
	m := doc.Mapping
	d := &Descriptor{
		Interfaces: doc.Interfaces, Device: m.Device, Mode: m.Mode,
		Executable: m.Executable, Template: m.Template,
		Targets: doc.Targets, Features: doc.Features,
	}
	switch m.Device {
	case "flash":
		if d.Mode == "" {
			d.Mode = "split"
		}
	case "memory", "kernel":
		d.Executable = Image{Filename: m.Filename, Format: "raw"}
	default:
		return nil, fmt.Errorf("unknown firmware mapping %q", m.Device)
	}
	return d, nil
}

// Load reads the descriptors of folders, the first folder being the strongest:
// a file there hides those of the same name in later ones, and an empty file
// hides them without putting anything in their place. The order is by name.
// A descriptor that cannot be read is left out and told to warn.
func Load(warn func(error), dirs ...string) []Descriptor {
	chosen := map[string]string{}
	for _, dir := range dirs {
		files, err := filepath.Glob(filepath.Join(dir, "*.json"))
		if err != nil {
			continue
		}
		for _, f := range files {
			name := filepath.Base(f)
			if _, hidden := chosen[name]; !hidden && !strings.HasPrefix(name, ".") {
				chosen[name] = f
			}
		}
	}
	names := make([]string, 0, len(chosen))
	for name := range chosen {
		names = append(names, name)
	}
	sort.Strings(names)
	var out []Descriptor
	for _, name := range names {
		d, err := read(chosen[name])
		if err != nil {
			warn(fmt.Errorf("firmware descriptor %s is left out: %w", chosen[name], err))
		} else if d != nil {
			out = append(out, *d)
		}
	}
	return out
}

func read(file string) (*Descriptor, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if info.Size() == 0 {
		return nil, nil
	}
	if info.Size() > maxDescriptor {
		return nil, fmt.Errorf("larger than %d bytes", maxDescriptor)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	d, err := Parse(text)
	if err != nil {
		return nil, err
	}
	d.Path = file
	return d, nil
}
