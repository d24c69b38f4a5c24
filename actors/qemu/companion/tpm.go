package companion

import (
	"fmt"
	"path/filepath"
	"strings"

	"virtree.dev/protocol/xml/domain"
)

// TPM is where the emulator of a TPM keeps its state, and how that is made.
type TPM struct {
	Storage string // folder or file
	File    bool
	Log     string
	// Setup makes the state of a new TPM. Needed are the arguments behind the program's name.
	Setup []string
	// Reconfigure chooses the banks of registers, empty where the document leaves them alone.
	Reconfigure []string
	// Plain is a TPM 1.2, of which the state can be made without certificates.
	Plain bool
	// Secret is the UUID of what the state is encrypted with, or empty.
	Secret string
}

// tpms adds the emulators of TPMs.
func (m *maker) tpms() {
	for _, t := range m.doc.Devices.TPMs {
		if t.Backend != "emulator" {
			continue
		}
		state := m.tpmState(t)
		base := filepath.Join(m.host.SWTPMState, m.host.ShortName+"-swtpm")
		h := Process{
			Title: "TPM Emulator", Name: "swtpm", Program: m.program("swtpm"), TPM: state,
			PIDFile: base + ".pid", Socket: base + ".sock", Device: t.Alias,
		}
		h.Args = []string{"socket", "--ctrl", "type=unixio,path=" + h.Socket + ",mode=0600", "--tpmstate"}
		if state.File {
			h.Args = append(h.Args, "backend-uri=file://"+state.Storage)
		} else {
			h.Args = append(h.Args, "dir="+state.Storage+",mode=0600")
		}
		log := "file=" + state.Log
		if t.Debug > 0 {
			log += fmt.Sprintf(",level=%d,prefix=[id=%d] ", t.Debug, m.doc.ID)
		}
		h.Args = append(h.Args, "--log", log, "--terminate")
		if t.Version == "2.0" {
			h.Args = append(h.Args, "--tpm2")
		}
		m.add(h)
	}
}

// tpmFolders are those of the versions of TPM below a machine's own.
var tpmFolders = map[string]string{"1.2": "tpm1.2", "2.0": "tpm2"}

// TPMStorage is the folder with all state of a machine's TPM, when the document names no other.
func TPMStorage(storage string, d *domain.Domain) string {
	return filepath.Join(storage, d.UUID.String())
}

func (m *maker) tpmState(t *domain.TPM) *TPM {
	s := &TPM{
		Storage: t.SourcePath, File: t.SourceType == "file", Plain: t.Version == "1.2",
		Log: filepath.Join(m.host.SWTPMLog, m.doc.Name+"-swtpm.log"),
	}
	if s.Storage == "" {
		s.Storage = filepath.Join(TPMStorage(m.host.SWTPMStorage, m.doc), tpmFolders[t.Version])
	}
	if t.Secret != nil {
		s.Secret = t.Secret.String()
	}
	var kind []string
	if !s.Plain {
		kind = []string{"--tpm2"}
	}
	where := s.Storage
	if s.File {
		where = "file://" + where
	}
	s.Setup = append(append([]string{}, kind...), "--tpm-state", where,
		"--vmid", m.doc.Name+":"+m.doc.UUID.String(), "--logfile", s.Log,
		"--createek", "--create-ek-cert", "--create-platform-cert", "--lock-nvram", "--not-overwrite")
	if p := t.Profile; p != nil && p.Name != "" {
		s.Setup = append(s.Setup, "--profile-name", p.Name)
		if p.RemoveDisabled != "" {
			s.Setup = append(s.Setup, "--profile-remove-disabled", p.RemoveDisabled)
		}
	}
	if len(t.PCRBanks) > 0 && !s.Plain {
		s.Reconfigure = append(append([]string{}, kind...), "--tpm-state", where, "--logfile", s.Log,
			"--pcr-banks", strings.Join(t.PCRBanks, ","), "--reconfigure")
	}
	return s
}
