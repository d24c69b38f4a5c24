package domain_test

import (
	"path/filepath"
	"testing"

	"virtree.dev/protocol/xml/domain"
)

// Documents libvirt took and completed must not be refused.
func TestValidateAccepts(t *testing.T) {
	for _, file := range documents(t, "qemuxmlconfdata/*-latest.xml") {
		d, err := domain.Parse(read(t, file), domain.ParseOptions{Inactive: true})
		if err != nil {
			t.Errorf("%s: %v", filepath.Base(file), err)
			continue
		}
		if err := d.Validate(); err != nil {
			t.Errorf("%s: %v", filepath.Base(file), err)
		}
	}
}

// What no hypervisor could run is refused in libvirt's words.
func TestValidateRefuses(t *testing.T) {
	for devices, want := range map[string]string{
		"<disk type='file'><source file='/x'/><target dev='vda'/></disk><disk type='file'><source file='/y'/><target dev='vda'/></disk>": "XML error: target 'vda' duplicated for disk sources '/x' and '/y'",
		"<disk type='file' rawio='yes'><source file='/x'/><target dev='vda'/></disk>":                                                    "unsupported configuration: rawio can be used only with device='lun'",
		"<shmem name='a/b'/>": "unsupported configuration: shmem name cannot include '/' character",
		"<serial type='tcp'><source mode='connect' host='h'/></serial>": "internal error: Missing source service attribute for char device",
		"<vsock><cid address='2'/></vsock>":                             "unsupported configuration: guest CIDs must be >= 3",
	} {
		d, err := domain.Parse([]byte(around("<devices>"+devices+"</devices>")), parse)
		if err != nil {
			t.Errorf("%s: %v", devices, err)
			continue
		}
		if err := d.Validate(); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", devices, err, want)
		}
	}
}
