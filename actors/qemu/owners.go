package qemu

import (
	"errors"
	"fmt"
	"path/filepath"

	"virtree.dev/actors/qemu/security"
	"virtree.dev/internal/ownership"
	"virtree.dev/protocol/virerr"
	xml "virtree.dev/protocol/xml/domain"
	"virtree.dev/supervisor/gen"
)

// given says whether a machine has its files.
type given uint8

const (
	notGiven    given = iota
	maybeGiven        // who gave them was killed meanwhile, or who took them back
	surelyGiven       // QEMU is there
	beingTaken        // somebody is taking them back
)

type (
	// giving tells a domain's process that its machine is getting its files, or that it has none after all.
	giving struct {
		gen.Returns[struct{}]
		State given
	}
	// takenBack is the end of taking them back.
	takenBack struct{}
)

// nodes finds the files of the host's devices.
type nodes struct{ *Driver }

// Exists says whether there is a file.
func (n nodes) Exists(path string) bool { return exists(path) }

// PCINode is the device of VFIO for a PCI device.
func (n nodes) PCINode(a xml.PCIAddress) (string, bool) {
	group, known := hostPCI{n.host}.IOMMUGroup(a)
	return fmt.Sprintf("/dev/vfio/%d", group), known
}

// MediatedNode is the device of VFIO for a mediated device.
func (n nodes) MediatedNode(uuid string) (string, bool) {
	link, err := filepath.EvalSymlinks(filepath.Join("/", n.host.Root, "sys/bus/mdev/devices", uuid, "iommu_group"))
	return filepath.Join("/dev/vfio", filepath.Base(link)), err == nil
}

// SCSINode is the generic device of a SCSI device.
func (n nodes) SCSINode(s xml.HostSCSI) (string, bool) {
	var host uint
	if _, err := fmt.Sscanf(s.Adapter, "scsi_host%d", &host); err != nil {
		return "", false
	}
	name := fmt.Sprintf("%d:%d:%d:%d", host, s.Bus, s.Target, s.Unit)
	found, err := filepath.Glob(filepath.Join("/", n.host.Root, "sys/bus/scsi/devices", name, "scsi_generic", "*"))
	if err != nil || len(found) == 0 {
		return "", false
	}
	return filepath.Join("/dev", filepath.Base(found[0])), true
}

// filesOf are a machine's files, by its document.
func (d *Driver) filesOf(def *xml.Domain, logd bool) security.Files {
	return security.Files{Policy: d.security, Domain: def, Host: nodes{d}, Logd: logd}
}

// givePath lets a machine have a file or a folder that was made for it.
func (d *Driver) givePath(def *xml.Domain, path string) error {
	files, err := d.filesOf(def, false).Path(path)
	if err != nil || len(files) == 0 {
		return err
	}
	return ownerError(d.owners.Give(files, d.security.Remember))
}

// giveFiles lets the machine have what its document names.
func (s *starter) giveFiles() error {
	files, err := s.drv.filesOf(s.def, s.status.ChardevStdioLogd).Given()
	if err != nil || len(files) == 0 {
		return err
	}
	if _, err := call(s.ctx, s.dom, giving{State: maybeGiven}); err != nil {
		return err
	}
	if err := s.drv.owners.Give(files, s.status.RememberOwner); err != nil {
		_, _ = call(s.ctx, s.dom, giving{State: notGiven}) // all or none
		return ownerError(err)
	}
	return nil
}

// ownerError puts a refusal into libvirt's words.
func ownerError(err error) error {
	var inUse *ownership.ErrInUse
	var failed *ownership.Failure
	switch {
	case err == nil:
		return nil
	case errors.As(err, &inUse):
		return virerr.New(virerr.FromSecurity, virerr.OperationInvalid, "%s", inUse)
	case errors.As(err, &failed):
		return virerr.System(virerr.FromSecurity, failed.Err, "%s", failed.What)
	}
	return virerr.New(virerr.FromSecurity, virerr.InternalError, "%s", err)
}

// takeBack begins to take a machine's files back; false says that there is nothing to wait for.
func (m *machine) takeBack(p *gen.Process) bool {
	state := m.given
	if state == beingTaken {
		return true
	}
	m.given = notGiven
	if state == notGiven || m.status == nil {
		return false
	}
	files, err := m.drv.filesOf(m.status.Domain, m.status.ChardevStdioLogd).Returned()
	if err == nil && len(files) == 0 {
		return false
	}
	if err == nil {
		r := &returner{m.drv, m.status.Domain.Name, files, m.status.RememberOwner, ownership.Lost(state == surelyGiven), p.Self()}
		err = p.SpawnMeta("returner", r)
	}
	if err != nil {
		m.drv.log.Warn(fmt.Sprintf("cannot take back the files of domain '%s': %v", m.status.Domain.Name, err))
		return false
	}
	m.given = beingTaken
	return true
}

// returner takes files back beside a domain's process, as others may be at them.
type returner struct {
	drv     *Driver
	name    string
	files   []ownership.File
	lasting bool
	lost    ownership.Lost
	to      gen.Ref
}

func (r *returner) Start(p *gen.Process) error {
	if err := r.drv.owners.TakeBack(r.files, r.lasting, r.lost); err != nil {
		r.drv.log.Warn(fmt.Sprintf("cannot take back all files of domain '%s': %v", r.name, err))
	}
	return gen.SendWait(p, r.to, takenBack{})
}

// Stop lets it come to its end: half of it would have to be done again by guesses.
func (r *returner) Stop(error) {}
