package cpu

import (
	"errors"
	"strings"
	"testing"

	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/xmlout"
	"virtree.dev/protocol/xml/xmltree"
)

func parse(t *testing.T, doc string) (*CPU, string) {
	t.Helper()
	n, err := xmltree.Parse([]byte(doc), "")
	if err != nil {
		t.Fatal(err)
	}
	var r xmltree.Reader
	c := Parse(&r, n, Auto)
	if e := new(virerr.Error); errors.As(r.Err(), &e) {
		return nil, e.Str2
	}
	return c, ""
}

func TestRoundTrip(t *testing.T) {
	for doc, want := range map[string]string{
		"<cpu mode='host-passthrough' migratable='off'/>": "<cpu mode='host-passthrough' migratable='off'/>\n",
		"<cpu><topology sockets='2' cores='3' threads='1'/></cpu>": "<cpu>\n" +
			"  <topology sockets='2' dies='1' clusters='1' cores='3' threads='1'/>\n</cpu>\n",
		"<cpu><model vendor_id='GenuineIntel'>core2duo</model><feature name='vmx'/></cpu>": "<cpu mode='custom' match='exact'>\n" +
			"  <model fallback='allow' vendor_id='GenuineIntel'>core2duo</model>\n  <feature policy='require' name='vmx'/>\n</cpu>\n",
		"<cpu><arch>x86_64</arch><model>qemu64</model><counter name='tsc' frequency='5'/><feature name='vmx'/></cpu>": "<cpu>\n" +
			"  <arch>x86_64</arch>\n  <model>qemu64</model>\n  <counter name='tsc' frequency='5'/>\n  <feature name='vmx'/>\n</cpu>\n",
		"<cpu mode='maximum' check='none'><cache mode='passthrough'/><maxphysaddr mode='passthrough' limit='40'/></cpu>": "<cpu mode='maximum' check='none'>\n" +
			"  <cache mode='passthrough'/>\n  <maxphysaddr mode='passthrough' limit='40'/>\n</cpu>\n",
	} {
		c, msg := parse(t, doc)
		if msg != "" {
			t.Errorf("%s: %s", doc, msg)
			continue
		}
		w := xmlout.New(0)
		c.Format(w, nil)
		if w.String() != want {
			t.Errorf("%s:\n%s", doc, w)
		}
	}
}

func TestErrors(t *testing.T) {
	for doc, want := range map[string]string{
		"<x/>": "XML does not contain expected 'cpu' element",
		"<cpu mode='host-model' migratable='on'/>":                          "Attribute migratable is only allowed for 'host-passthrough' / 'maximum' CPU mode",
		"<cpu><feature name='a'/></cpu>":                                    "Non-empty feature list specified without CPU model",
		"<cpu><model>m</model><feature name='a'/><feature name='a'/></cpu>": "CPU feature 'a' specified more than once",
		"<cpu><vendor>v</vendor></cpu>":                                     "CPU vendor specified without CPU model",
		"<cpu><topology sockets='0' cores='1' threads='1'/></cpu>":          "Invalid value for attribute 'sockets' in element 'topology': Zero is not permitted",
		"<cpu><model vendor_id='x'>m</model></cpu>":                         "vendor_id must be exactly 12 characters long",
		"<cpu><cache level='4' mode='emulate'/></cpu>":                      "invalid CPU cache level, must be in range [1,3]",
		"<cpu match='exact'><arch>x86_64</arch><model>m</model></cpu>":      "'arch' element cannot be used inside 'cpu' element with 'match' attribute'",
		"<cpu><maxphysaddr mode='emulate' limit='3'/></cpu>":                "attribute 'limit' is only supported for maxphysaddr mode 'passthrough'",
		"<cpu><model>m</model><feature name='a' policy='perhaps'/></cpu>":   "Invalid CPU feature policy",
	} {
		if _, msg := parse(t, doc); msg != want {
			t.Errorf("%s: %s", doc, msg)
		}
	}
}

func TestValidate(t *testing.T) {
	for doc, want := range map[string]string{
		"<cpu mode='custom' match='exact'><model fallback='allow'>m</model><feature policy='require' name='sse4.1'/></cpu>": "",
		"<cpu><arch>x86_64</arch><model>m</model><feature name='aes'/><pages unit='KiB' size='4'/></cpu>":                   "",
		"<cpu><model>m</model><what/></cpu>":        "Element cpu has extra content: what",
		"<cpu mode='other'/>":                       "Invalid attribute mode for element cpu",
		"<cpu><feature name='aes'/></cpu>":          "Element feature failed to validate attributes",
		"<cpu><model>m</model><model/></cpu>":       "Element cpu has extra content: model",
		"<cpu><arch>x</arch><model>m</model></cpu>": "Element cpu has extra content: arch",
	} {
		_, err := ParseDocument([]byte(doc), Auto, true)
		got := ""
		if e := new(virerr.Error); errors.As(err, &e) && e.Code == virerr.XMLInvalidSchema {
			got = strings.Split(e.Str2, "\n")[1]
		}
		if got != want {
			t.Errorf("%s: %q, %v", doc, got, err)
		}
	}
}

func FuzzParseDocument(f *testing.F) {
	f.Add([]byte("<cpu><arch>x86_64</arch><model>m</model><signature family='6' model='1' stepping='2'/></cpu>"))
	f.Add([]byte("<cpu mode='host-model'><feature name='a' policy='forbid'/><cache level='1' mode='emulate'/></cpu>"))
	f.Fuzz(func(t *testing.T, doc []byte) {
		c, err := ParseDocument(doc, Auto, true)
		if err != nil {
			return
		}
		w := xmlout.New(0)
		c.Format(w, nil)
		if w.Len() == 0 {
			return
		}
		again, err := ParseDocument(w.Bytes(), c.Kind, false)
		if err != nil {
			t.Fatalf("%s from %s: %v", w, doc, err)
		}
		v := xmlout.New(0)
		again.Format(v, nil)
		if v.String() != w.String() {
			t.Errorf("%s\nthen\n%s", w, v)
		}
	})
}
