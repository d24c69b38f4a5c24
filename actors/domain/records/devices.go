package records

import (
	"fmt"
	"path/filepath"

	"virtree.dev/internal/audit"
	xml "virtree.dev/protocol/xml/domain"
)

func (w *writer) hostdev(h *xml.Hostdev) {
	if h.Mode == "capabilities" {
		switch h.Type {
		case "storage":
			w.resource("hostdev", audit.Field("disk", or(h.Caps)))
		case "misc":
			w.resource("hostdev", audit.Field("chardev", or(h.Caps)))
		}
		return
	}
	if address, known := hostAddress(h); known {
		w.resource("dev", "bus="+h.Type+" "+audit.Field("device", or(address)))
	}
}

// hostAddress is where a device of the host is; one on the network is nowhere.
func hostAddress(h *xml.Hostdev) (address string, known bool) {
	switch h.Type {
	case "pci":
		a := h.PCI.Address
		return fmt.Sprintf("%04x:%02x:%02x.%d", a.Domain, a.Bus, a.Slot, a.Function), true
	case "usb":
		return fmt.Sprintf("%03d.%03d", h.USB.Bus, h.USB.Device), true
	case "scsi":
		if h.SCSI.Adapter == "" {
			return "", false
		}
		return fmt.Sprintf("%s:%d:%d:%d", h.SCSI.Adapter, h.SCSI.Bus, h.SCSI.Target, h.SCSI.Unit), true
	case "scsi_host":
		return h.WWPN, true
	case "mdev":
		return h.UUID, true
	}
	return "", false
}

// nssDatabase is where a host's certificates of smart cards are.
const nssDatabase = "/etc/pki/nssdb"

func (w *writer) smartcard(s *xml.Smartcard) {
	switch s.Mode {
	case "host":
		w.fresh("smartcard", "nss-smartcard-device")
	case "host-certificates":
		for _, c := range s.Certificates {
			w.fresh("smartcard", c)
		}
		if s.Database == "" {
			w.fresh("smartcard", nssDatabase)
		} else {
			w.fresh("smartcard", s.Database)
		}
	case "passthrough":
		w.fresh("smartcard", pathOf(s.Source))
	}
}

func (w *writer) rng(r *xml.RNG) {
	switch r.Backend {
	case "random":
		w.fresh("rng", r.File)
	case "egd":
		w.fresh("rng", pathOf(r.Source))
	}
}

func (w *writer) tpmDevice(t *xml.TPM) {
	switch t.Backend {
	case "passthrough":
		w.resource("tpm", audit.Field("device", or(t.Device)))
	case "emulator":
		w.resource("tpm-emulator", audit.Field("device", or(w.tpm)))
	case "external":
		w.resource("tpm-external", audit.Field("device", or(pathOf(t.Socket))))
	}
}

func (w *writer) shmem(s *xml.Shmem) {
	if s.Server {
		w.resource("ivshmem-socket", "path="+or(s.ServerPath))
		return
	}
	w.resource("shmem", fmt.Sprintf("size=%d path=%s", s.Size, filepath.Join("/dev/shm", s.Name)))
}
