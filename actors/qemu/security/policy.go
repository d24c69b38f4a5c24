package security

import (
	"errors"
	"slices"
	"syscall"

	"virtree.dev/config/qemuconf"
	"virtree.dev/internal/account"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/domain"
)

// The security models there are here, with libvirt's only domain of interpretation.
const (
	ModelNone = "none"
	ModelDAC  = "dac"
	DOI       = "0"
)

// The users that machines run as where qemu.conf names nobody: those that Debian makes for libvirt.
const defaultAccount = "libvirt-qemu"

// Policy is what an administrator decided.
type Policy struct {
	privileged      bool
	ids             account.IDs
	dynamic         bool // files are given to machines
	Remember        bool // whose they were is written down
	defaultConfined bool
	requireConfined bool
}

// New reads the settings. The notes tell of what is not as they want it.
func New(c *qemuconf.Config, privileged bool) (p *Policy, notes []string, err error) {
	s := c.Security
	p = &Policy{
		privileged: privileged, dynamic: privileged && s.DynamicOwnership, Remember: s.RememberOwner,
		defaultConfined: s.DefaultConfined, requireConfined: s.RequireConfined,
	}
	if err := p.checkDrivers(s.Drivers); err != nil {
		return nil, nil, err
	}
	if slices.Contains(s.Drivers, ModelNone) && s.DefaultConfined {
		notes = append(notes, `Configured security driver "none" disables default policy to create confined guests`)
	}
	if !privileged {
		return p, notes, nil
	}
	for _, id := range []struct {
		configured string
		find       func(string) (uint32, error)
		to         *uint32
	}{{s.User, account.User, &p.ids.UID}, {s.Group, account.Group, &p.ids.GID}} {
		name := id.configured
		if name == "" {
			name = defaultAccount
		}
		if *id.to, err = id.find(name); err == nil {
			continue
		}
		if id.configured != "" {
			return nil, nil, virerr.New(virerr.FromNone, virerr.InvalidArg, "%s", err)
		}
		notes = append(notes, "there is no '"+defaultAccount+"': machines run as root")
	}
	return p, notes, nil
}

// checkDrivers wants those that are named to be there. What the kernel lacks cannot be enabled.
func (p *Policy) checkDrivers(names []string) error {
	if len(names) == 0 {
		names = []string{ModelNone}
	}
	for _, name := range names {
		switch {
		case name == "selinux" || name == "apparmor":
			return newError(virerr.ConfigUnsupported, "Security driver %s not enabled", name)
		case name != ModelNone:
			return newError(virerr.InternalError, "Security driver %s not found", name)
		case p.requireConfined:
			return newError(virerr.ConfigUnsupported, `Security driver "none" cannot create confined guests`)
		}
	}
	return nil
}

// OfDrivers says whether an error of New is about the security drivers, and not about who machines are.
func OfDrivers(err error) bool {
	var e *virerr.Error
	return errors.As(err, &e) && e.From == virerr.FromSecurity
}

func newError(code virerr.Code, format string, args ...any) error {
	return virerr.New(virerr.FromSecurity, code, format, args...)
}

// Models are the security models of the host, the first one first.
func (p *Policy) Models() []string {
	if p.privileged {
		return []string{ModelNone, ModelDAC}
	}
	return []string{ModelNone}
}

// BaseLabel is the label that machines of a model have by default; "" for none.
func (p *Policy) BaseLabel(model string) string {
	if model == ModelDAC {
		return p.ids.String()
	}
	return ""
}

// Owner is whom files belong to that are made for machines; nil for ourselves.
func (p *Policy) Owner() *account.IDs {
	if !p.privileged {
		return nil
	}
	return &p.ids
}

// Probing is whom a QEMU runs as that is only asked; nil for ourselves.
func (p *Policy) Probing() *syscall.Credential {
	if !p.privileged {
		return nil
	}
	return credential(p.ids)
}

func credential(i account.IDs) *syscall.Credential {
	return &syscall.Credential{Uid: i.UID, Gid: i.GID, Groups: account.Groups(i)}
}

// Process is whom a machine runs as; nil for ourselves.
func (p *Policy) Process(d *domain.Domain) (*syscall.Credential, error) {
	if !p.privileged {
		return nil, nil
	}
	ids, err := p.own(d)
	if err != nil {
		return nil, err
	}
	return credential(ids), nil
}

// Viewer is who must be able to see an image that is under another one, or on top; nil for ourselves.
func (p *Policy) Viewer(d *domain.Domain, s, top *domain.DiskSource) *syscall.Credential {
	if !p.privileged {
		return nil
	}
	ids, err := p.own(d)
	for _, of := range []*domain.DiskSource{top, s} {
		if l := deviceLabel(of.SecLabels); err == nil && l != nil && l.Label != "" {
			ids, err = parse(l.Label)
		}
	}
	if err != nil {
		return nil // the start ends with it when the image is to change hands
	}
	return credential(ids)
}

// label is the document's own label of the model.
func label(d *domain.Domain) *domain.SecLabel {
	for i := range d.SecLabels {
		if d.SecLabels[i].Model == ModelDAC {
			return &d.SecLabels[i]
		}
	}
	return nil
}

// own are the machine's user and group.
func (p *Policy) own(d *domain.Domain) (account.IDs, error) {
	if l := label(d); l != nil && l.Label != "" {
		return parse(l.Label)
	}
	return p.ids, nil
}

// images are the user and group of the machine's images.
func (p *Policy) images(d *domain.Domain) (account.IDs, error) {
	if l := label(d); l != nil && l.ImageLabel != "" {
		return parse(l.ImageLabel)
	}
	return p.ids, nil
}

func parse(text string) (account.IDs, error) {
	ids, err := account.ParseIDs(text)
	if err != nil {
		return ids, virerr.New(virerr.FromNone, virerr.InvalidArg, "%s", err)
	}
	return ids, nil
}

// errNoModel tells of a model that a document names and the host lacks.
func errNoModel(model string) error {
	if model == "" {
		model = "(null)"
	}
	return newError(virerr.ConfigUnsupported, "Security driver model '%s' is not available", model)
}
