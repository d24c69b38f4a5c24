// Package firmware chooses the firmware image of a machine from the
// descriptors that firmware packages install.
//
//	/etc/qemu/firmware, /usr/share/qemu/firmware ──Load──▶ []Descriptor
//	document, []Descriptor ──Fill──▶ loader, nvram and firmware features in the document
//
// The form of a descriptor is QEMU's docs/interop/firmware.json.
package firmware
