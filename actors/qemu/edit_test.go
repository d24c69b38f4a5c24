package qemu

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virtype"
	xml "virtree.dev/protocol/xml/domain"
)

// TestEdit plays transcripts of changes to a document: each answers with the lines that it
// changed, or with its error, after which the document is as before.
func TestEdit(t *testing.T) {
	datadriven.Walk(t, "testdata/edit", func(t *testing.T, path string) {
		var def *xml.Domain
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			if d.Cmd == "document" {
				def = readDocument(t, d.Input)
				return ""
			}
			edit := edits[d.Cmd]
			if edit == nil {
				d.Fatalf(t, "no such change")
			}
			before := def.Format(xml.FormatOptions{Secure: true})
			next := *def
			if err := edit(&next, arguments(d)); err != nil {
				if now := def.Format(xml.FormatOptions{Secure: true}); now != before {
					t.Errorf("%s: the document changed although it failed", d.Pos)
				}
				return err.Error() + "\n"
			}
			if now := def.Format(xml.FormatOptions{Secure: true}); now != before {
				t.Errorf("%s: a document that others may read changed", d.Pos)
			}
			def = &next
			return changedLines(before, next.Format(xml.FormatOptions{Secure: true}))
		})
	})
}

func readDocument(t *testing.T, text string) *xml.Domain {
	t.Helper()
	def, err := xml.Parse([]byte(text), xml.ParseOptions{SkipValidate: true, SkipPostParse: true, Inactive: true})
	if err != nil {
		t.Fatal(err)
	}
	return def
}

// arguments are what stands behind a command: names with values, or values alone.
func arguments(d *datadriven.TestData) (args []argument) {
	for _, a := range d.CmdArgs {
		args = append(args, argument{a.Key, strings.Join(a.Vals, ",")})
	}
	if d.Input != "" {
		args = append(args, argument{"input", d.Input})
	}
	return args
}

type argument struct{ name, value string }

// params makes typed parameters; a value that is no number is a string.
func params(args []argument, kind int32) (list []remote.TypedParam) {
	for _, a := range args {
		p := remote.TypedParam{Field: a.name}
		n, err := strconv.ParseInt(a.value, 10, 64)
		p.Value.Type = kind
		switch {
		case err != nil:
			p.Value = remote.TypedParamValue{Type: virtype.TypedParamString, S: a.value}
		case kind == virtype.TypedParamUllong:
			p.Value.Ul = uint64(n)
		case kind == virtype.TypedParamUint:
			p.Value.Ui = uint32(n)
		default:
			p.Value.I = int32(n)
		}
		list = append(list, p)
	}
	return list
}

func number(a argument) int {
	n, _ := strconv.Atoi(a.name)
	return n
}

// edits are the changes, as the handlers make them.
var edits = map[string]func(def *xml.Domain, args []argument) error{
	"iotune": func(def *xml.Domain, args []argument) error {
		at := slices.IndexFunc(def.Devices.Disks, func(k *xml.Disk) bool { return k.Target == args[0].name })
		fresh, given, err := readIOTune(params(args[1:], virtype.TypedParamUllong))
		if err != nil {
			return err
		}
		next, err := joinIOTune(def, def.Devices.Disks[at], fresh, given)
		if err == nil {
			err = checkBursts(next)
		}
		if err == nil {
			applyIOTune(def, args[0].name, next)
		}
		return err
	},
	"bandwidth": func(def *xml.Domain, args []argument) error {
		wish := readBandwidth(params(args, virtype.TypedParamUint))
		def.Devices.Interfaces = replace(def.Devices.Interfaces, func(*xml.Interface) bool { return true },
			func(n *xml.Interface) { n.Bandwidth = wish.over(n.Bandwidth) })
		return nil
	},
	"vcpu-on":  func(def *xml.Domain, args []argument) error { return switchVCPUs(def, numbers(args), true) },
	"vcpu-off": func(def *xml.Domain, args []argument) error { return switchVCPUs(def, numbers(args), false) },
	"max-vcpus": func(def *xml.Domain, args []argument) error {
		def.VCPU.List = slices.Clone(def.VCPU.List)
		return setMaxVCPUs(def, number(args[0]))
	},
	"iothread": func(def *xml.Domain, args []argument) error {
		list := params(args[1:], virtype.TypedParamInt)
		for i := range list {
			for _, f := range iothreadFields {
				if f.api == list[i].Field {
					list[i] = params(args[i+1:i+2], f.kind)[0]
				}
			}
		}
		values, err := readIOThread(list)
		if err != nil {
			return err
		}
		return changeIOThread(def, uint(number(args[0])), values, false)
	},
	"iothread-del": func(def *xml.Domain, args []argument) error { return removeIOThread(def, uint(number(args[0]))) },
	"blkio": func(def *xml.Domain, args []argument) error {
		list := params(args, virtype.TypedParamUint)
		for i := range list {
			if err := setBlkio(&def.BlkioTune, &list[i]); err != nil {
				return err
			}
		}
		return nil
	},
	"metadata": func(def *xml.Domain, args []argument) error {
		a := &remote.DomainSetMetadataArgs{Type: virtype.DomainMetadataElement, Key: &args[0].name, URI: &args[0].value}
		if len(args) > 1 {
			a.Metadata = &args[1].value
		}
		return setMetadata(def, a)
	},
}

func numbers(args []argument) (list []int) {
	for _, a := range args {
		list = append(list, number(a))
	}
	return list
}

// changedLines are those that two texts do not begin and end with alike.
func changedLines(before, after string) string {
	b, a := strings.Split(before, "\n"), strings.Split(after, "\n")
	for len(b) > 0 && len(a) > 0 && b[0] == a[0] {
		b, a = b[1:], a[1:]
	}
	for len(b) > 0 && len(a) > 0 && b[len(b)-1] == a[len(a)-1] {
		b, a = b[:len(b)-1], a[:len(a)-1]
	}
	var out strings.Builder
	for _, line := range b {
		fmt.Fprintf(&out, "- %s\n", strings.TrimSpace(line))
	}
	for _, line := range a {
		fmt.Fprintf(&out, "+ %s\n", strings.TrimSpace(line))
	}
	return out.String()
}
