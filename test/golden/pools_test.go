package golden

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"virtree.dev/actors/qemu/images"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/domain"
	"virtree.dev/protocol/xml/xmltree"
)

const poolFolder = "storagepoolxml2xmlout"

// goldenPools are pools by the names of their documents. A volume is KIND+NAME, without
// KIND a block device; the pool "inactive" is what its name says.
type goldenPools struct{ dir string }

func poolsOf(t *testing.T) goldenPools { return goldenPools{filepath.Join(testdata(t), poolFolder)} }

func (g goldenPools) Pool(name string) (*images.Pool, error) {
	if name == "inactive" {
		return &images.Pool{Type: "dir"}, nil
	}
	text, err := os.ReadFile(filepath.Join(g.dir, name+".xml"))
	if errors.Is(err, fs.ErrNotExist) { // not all documents are there
		kind := strings.Split(name+"-dir", "-")[1]
		p := &images.Pool{Type: kind, Active: true, Device: "demo-target"}
		p.Hosts = []domain.NetworkHost{{Name: "iscsi.example.com"}}
		return p, nil
	}
	if err != nil {
		return nil, err
	}
	n, err := xmltree.Parse(text, name)
	if err != nil {
		return nil, err
	}
	p := &images.Pool{Type: n.Get("type"), Active: true, Device: n.Path("source/device").Get("path")}
	for h := range n.Child("source").Children("host") {
		port, _ := strconv.ParseUint(h.Get("port"), 10, 16)
		p.Hosts = append(p.Hosts, domain.NetworkHost{Name: h.Get("name"), Port: uint(port)})
	}
	if a := n.Path("source/auth"); a != nil {
		s := a.Child("secret")
		p.Auth = &domain.SourceAuth{Username: a.Get("username"), Secret: domain.SecretRef{
			Type: s.Get("type"), UUID: s.Get("uuid"), Usage: s.Get("usage"),
		}}
	}
	p.Initiator = n.Path("source/initiator/iqn").Get("name")
	return p, nil
}

func (g goldenPools) Volume(_, name string) (*images.Volume, error) {
	if name == "nonexistent" {
		return nil, virerr.New(virerr.FromStorage, virerr.NoStorageVol, "no storage vol with matching name '%s'", name)
	}
	kind, rest, typed := strings.Cut(name, "+")
	if !typed {
		kind, rest = "block", name
	}
	return &images.Volume{Type: kind, Path: "/some/" + kind + "/device/" + rest}, nil
}
