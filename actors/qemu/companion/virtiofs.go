package companion

import (
	"fmt"
	"path/filepath"
	"strings"

	"virtree.dev/actors/qemu/command"
	"virtree.dev/protocol/xml/domain"
)

// virtiofs adds a daemon for each shared folder that is not served already.
func (m *maker) virtiofs() {
	for _, f := range m.doc.Devices.Filesystems {
		if f.Driver.Type != "virtiofs" || f.Socket != "" {
			continue
		}
		h := Process{
			Title: "virtiofsd", Name: "virtiofsd", Program: f.Binary.Path, Args: m.virtiofsArgs(f),
			PIDFile: filepath.Join(m.host.State, m.host.ShortName+"-"+f.Alias+"-fs.pid"),
			Listen:  command.VirtiofsSocket(m.host.LibDir, f),
			Log:     filepath.Join(m.host.Log, m.doc.Name+"-"+f.Alias+"-virtiofsd.log"),
			Device:  f.Alias,
		}
		if h.Program == "" {
			var err error
			if h.Program, err = m.host.VhostUser("fs"); err != nil {
				m.fail(err)
				return
			}
		}
		m.add(h)
	}
}

func (m *maker) virtiofsArgs(f *domain.Filesystem) []string {
	b := &f.Binary
	options := []string{"source=" + strings.ReplaceAll(f.Source, ",", ",,")}
	for _, o := range []struct{ name, value string }{{"cache", b.Cache}, {"sandbox", b.Sandbox}} {
		if o.value != "" {
			options = append(options, o.name+"="+o.value)
		}
	}
	for _, o := range []struct {
		name string
		v    domain.Tristate
	}{{"xattr", b.XAttr}, {"flock", b.Flock}, {"posix_lock", b.LockPOSIX}} {
		switch o.v {
		case domain.On:
			options = append(options, o.name)
		case domain.Off:
			options = append(options, "no_"+o.name)
		}
	}
	args := []string{fmt.Sprintf("--fd=%d", Descriptor), "-o", strings.Join(options, ",")}
	if b.ThreadPool != nil {
		args = append(args, fmt.Sprintf("--thread-pool-size=%d", *b.ThreadPool))
	}
	if b.OpenFiles > 0 {
		args = append(args, fmt.Sprintf("--rlimit-nofile=%d", b.OpenFiles))
	}
	if f.ReadOnly {
		args = append(args, "--readonly")
	}
	for _, ids := range []struct {
		option string
		list   []domain.IDMapEntry
	}{{"--uid-map", f.IDMap.UIDs}, {"--gid-map", f.IDMap.GIDs}} {
		for _, id := range ids.list {
			args = append(args, ids.option, fmt.Sprintf(":%d:%d:%d:", id.Start, id.Target, id.Count))
		}
	}
	if m.host.VirtiofsdDebug {
		args = append(args, "-d")
	}
	return args
}
