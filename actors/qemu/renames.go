package qemu

import (
	"fmt"
	"io"
	"net/url"
	"os"
	"regexp"
	"strings"

	"virtree.dev/protocol/xml/domain"
)

// A rename cannot be one step on the disk: the new definition is written, then the old
// one removed. Until it is, the new one says in a comment whose place it takes, so that
// a daemon that finds both knows which counts.
const renamedFrom = "<!-- renamed from %s -->\n"

var renamedMark = regexp.MustCompile(`(?m)^<!-- renamed from (\S+) -->$`)

// saveRenamed writes a definition under its new name, with the mark.
func (f files) saveRenamed(d *domain.Domain, from string) error {
	// "--" must not be in a comment.
	mark := fmt.Sprintf(renamedFrom, strings.ReplaceAll(url.PathEscape(from), "-", "%2D"))
	return f.writeConfig(d, mark+configText(d))
}

// finishRename moves what goes with the name, removes the old definition and the mark.
func (f files) finishRename(d *domain.Domain, from string) error {
	for _, link := range []func(string) string{f.autostart, f.autostartOnce} {
		if !f.hasLink(link(from), from) {
			continue
		}
		if err := f.setLink(link(d.Name), d.Name, true); err != nil {
			return err
		}
	}
	if err := f.removeConfig(from); err != nil {
		return err
	}
	return f.saveConfig(d)
}

// markOf reads whose place a definition takes; empty for nearly all.
func (f files) markOf(name string) string {
	file, err := os.Open(f.config(name))
	if err != nil {
		return ""
	}
	defer file.Close()
	head, _ := io.ReadAll(io.LimitReader(file, 2048))
	match := renamedMark.FindSubmatch(head)
	if match == nil {
		return ""
	}
	from, err := url.PathUnescape(string(match[1]))
	if err != nil || strings.Contains(from, "/") {
		return ""
	}
	return from
}

// finishRenames completes what a daemon that was killed had begun.
func (d *Driver) finishRenames() {
	list, _ := names(d.files.Config)
	for _, name := range list {
		from := d.files.markOf(name)
		if from == "" || from == name {
			continue
		}
		def, err := d.readConfig(name)
		if err == nil && def.Name == name && !d.takesPlace(def, from) {
			continue
		}
		if err == nil {
			err = d.files.finishRename(def, from)
		}
		if err != nil {
			d.log.Error(fmt.Sprintf("cannot finish the rename of domain '%s' to '%s': %v", from, name, err))
		}
	}
}

// takesPlace says whether the definition of the old name is gone, or still the same domain's.
func (d *Driver) takesPlace(def *domain.Domain, from string) bool {
	old, err := d.readConfig(from)
	return os.IsNotExist(err) || err == nil && old.UUID == def.UUID
}
