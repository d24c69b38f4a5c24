package golden

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"virtree.dev/actors/qemu/address"
	"virtree.dev/actors/qemu/alias"
	"virtree.dev/actors/qemu/caps"
	"virtree.dev/actors/qemu/command"
	"virtree.dev/actors/qemu/defaults"
	"virtree.dev/actors/qemu/firmware"
	"virtree.dev/actors/qemu/images"
	"virtree.dev/actors/qemu/validation"
	"virtree.dev/protocol/xml/domain"
)

// qemuFolder has X.xml, and for each QEMU that X was tried with X.VARIANT.args, .xml and .err.
const qemuFolder = "qemuxmlconfdata"

var qemuResult = regexp.MustCompile(`^(.+)\.((?:[a-z0-9_]+)-(?:latest|[0-9.]+)(?:\+[a-z]+)?)(\.[a-z-]+)?\.(args|xml|err)$`)

// qemuCase is a document with a QEMU.
type qemuCase struct {
	name, variant string
	suffix        string // .abi-update or nothing
	results       map[string]bool
}

func (c *qemuCase) path(result string) string {
	return c.name + "." + c.variant + c.suffix + "." + result
}

// TestGoldenQEMU makes QEMU's command lines, completed documents and errors. A case
// counts when all that is expected of it matches; the parts are scored beside it.
func TestGoldenQEMU(t *testing.T) {
	cases := qemuCases(t)
	variants := map[string][]string{}
	byName := map[string]*qemuCase{}
	unknown := 0
	for i := range cases {
		c := &cases[i]
		if qemuCaps(t, c.variant) == nil {
			unknown++
			continue
		}
		key := c.name + "." + c.variant + c.suffix
		byName[key] = c
		variants[c.variant] = append(variants[c.variant], key)
	}
	if unknown > 0 {
		fmt.Printf("golden %s: %d cases are for QEMUs that qemucapabilitiesdata has not\n", qemuFolder, unknown)
	}
	var all []string
	for _, v := range variants {
		all = append(all, v...)
	}
	slices.Sort(all)
	score(t, qemuFolder, all, func(key string) result { return judgeCase(t, byName[key]) })
	for _, v := range sortedKeys(variants) {
		if !strings.HasSuffix(v, "-latest") {
			continue
		}
		score(t, qemuFolder+"/"+v, variants[v], func(key string) result { return judgeCase(t, byName[key]) })
		for _, part := range []string{"args", "xml", "err"} {
			var keys []string
			for _, key := range variants[v] {
				if byName[key].results[part] {
					keys = append(keys, key)
				}
			}
			score(t, qemuFolder+"/"+v+"/"+part, keys, func(key string) result { return judgePart(t, byName[key], part) })
		}
	}
}

func sortedKeys(m map[string][]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func qemuCases(t *testing.T) []qemuCase {
	found := map[string]*qemuCase{}
	var order []string
	for _, file := range glob(t, qemuFolder, "*") {
		m := qemuResult.FindStringSubmatch(file)
		if m == nil {
			continue
		}
		if _, err := os.Stat(filepath.Join(testdata(t), qemuFolder, m[1]+".xml")); err != nil {
			continue
		}
		key := m[1] + "." + m[2] + m[3]
		if found[key] == nil {
			found[key] = &qemuCase{name: m[1], variant: m[2], suffix: m[3], results: map[string]bool{}}
			order = append(order, key)
		}
		found[key].results[m[4]] = true
	}
	out := make([]qemuCase, 0, len(order))
	for _, key := range order {
		out = append(out, *found[key])
	}
	return out
}

var (
	capsLock  sync.Mutex
	capsKnown = map[string]*caps.Caps{}
)

// qemuCaps gives what the QEMU of a variant can do; nil when there is no recording of it.
func qemuCaps(t *testing.T, variant string) *caps.Caps {
	capsLock.Lock()
	defer capsLock.Unlock()
	if c, ok := capsKnown[variant]; ok {
		return c
	}
	capsKnown[variant] = nil
	file := recording(t, variant)
	if file == "" {
		return nil
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var options []caps.Option
	if strings.HasSuffix(variant, "+hvf") {
		options = append(options, caps.WithHVF())
	}
	c, err := caps.FromReplies(f, options...)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	if strings.Contains(variant, "-latest") {
		stripAliases(c)
	}
	capsKnown[variant] = c
	return c
}

// stripAliases lets "pc" stand for itself, so that results do not change with every release of QEMU.
func stripAliases(c *caps.Caps) {
	for _, a := range c.Accels {
		for i := range a.Machines {
			if m := &a.Machines[i]; m.Alias != "" {
				m.Name, m.Alias = m.Alias, ""
			}
		}
	}
}

// recording finds the file for a variant such as x86_64-latest+amdsev.
func recording(t *testing.T, variant string) string {
	arch, version, _ := strings.Cut(variant, "-")
	version, flavour, flavoured := strings.Cut(version, "+")
	tail := "_" + arch
	if flavoured {
		tail += "+" + flavour
	}
	folder := filepath.Join(testdata(t), "qemucapabilitiesdata")
	if version != "latest" {
		file := filepath.Join(folder, "caps_"+version+tail+".replies")
		if _, err := os.Stat(file); err != nil {
			return ""
		}
		return file
	}
	files, _ := filepath.Glob(filepath.Join(folder, "caps_*"+tail+".replies"))
	best, bestVersion := "", []int{}
	for _, f := range files {
		v := versionOf(filepath.Base(f))
		if slices.Compare(v, bestVersion) > 0 {
			best, bestVersion = f, v
		}
	}
	return best
}

func versionOf(file string) []int {
	v := make([]int, 3)
	_, _ = fmt.Sscanf(file, "caps_%d.%d.%d_", &v[0], &v[1], &v[2])
	return v
}

// qemuOutcome is what the project makes of a case.
type qemuOutcome struct {
	xml, args string
	err       error
}

func runQEMU(t *testing.T, c *qemuCase) qemuOutcome {
	arch, _, _ := strings.Cut(c.variant, "-")
	cond := conditionsOf(c.name, arch)
	binary := cond.adjusted(qemuCaps(t, c.variant))
	host := goldenHost()
	if cond.host != nil {
		cond.host(host)
	}
	abi := c.suffix == ".abi-update"
	text := read(t, qemuFolder, c.name+".xml")
	d, err := completeQEMU(text, binary, host, abi)
	if err != nil {
		return qemuOutcome{err: err}
	}
	goldenGenID(d)
	out := qemuOutcome{xml: d.Format(domain.FormatOptions{Secure: true, Inactive: true})}
	if out.err = firmware.Fill(d, host.Firmware, abi); out.err != nil {
		return out
	}
	if out.err = validation.Start(d, binary, goldenStart()); out.err != nil {
		return out
	}
	processor, told := goldenProcessor(c, binary)
	if out.err = defaults.SettleCPU(d, told, processor); out.err != nil {
		return out
	}
	if out.err = prepareQEMU(t, d); out.err != nil {
		return out
	}
	if out.err = address.Assign(d, binary, host.PCI, true); out.err != nil {
		return out
	}
	if out.err = alias.Assign(d); out.err != nil {
		return out
	}
	if out.err = goldenDisplays(d, &cond); out.err != nil {
		return out
	}
	line, err := command.Build(d, binary, goldenEnv(d, &cond))
	if out.err = err; err == nil {
		out.args = line.Text() + "\n"
	}
	return out
}

func prepareQEMU(t *testing.T, d *domain.Domain) error {
	pools := poolsOf(t)
	find := func(disk *domain.Disk) error { return images.Translate(disk.Source, pools) }
	if _, err := images.Prepare(d, true, find); err != nil {
		return err
	}
	if v := d.Devices.VSock; v != nil && v.AutoCID == domain.Yes {
		v.CID = goldenCID
	}
	return defaults.AlignMemory(d)
}

func completeQEMU(text []byte, binary *caps.Caps, host *defaults.Host, abi bool) (*domain.Domain, error) {
	d, err := domain.Parse(text, domain.ParseOptions{
		Inactive: true, SkipPostParse: true, SkipValidate: true, ABIUpdate: abi, DefaultArch: "x86_64",
	})
	if err != nil {
		return nil, err
	}
	if err := defaults.Emulator(d, host); err != nil {
		return nil, err
	}
	if err := defaults.Apply(d, binary, host, defaults.Options{ABIUpdate: abi, Inactive: true}); err != nil {
		return nil, err
	}
	return d, validation.Check(d, binary, goldenChecks())
}

// judgeCase wants everything that is expected of a case.
func judgeCase(t *testing.T, c *qemuCase) result {
	for _, part := range []string{"err", "xml", "args"} {
		if !c.results[part] {
			continue
		}
		if r := judgePart(t, c, part); !r.matches() {
			return r
		}
	}
	return result{}
}

func judgePart(t *testing.T, c *qemuCase, part string) result {
	out := runQEMU(t, c)
	want := string(read(t, qemuFolder, c.path(part)))
	switch part {
	case "err":
		got := ""
		if out.err != nil {
			got = strings.TrimSpace(out.err.Error())
		}
		return result{got: got, want: strings.TrimSpace(want)}
	case "xml":
		if out.xml == "" {
			return result{err: out.err, want: want}
		}
		return result{got: out.xml, want: want}
	}
	return result{got: out.args, want: want, err: out.err}
}
