package domain_test

import (
	"testing"

	"virtree.dev/protocol/xml/domain"
)

// oddities are documents that are allowed and say next to nothing.
var oddities = map[string]string{
	"an empty block disk":           "<devices><disk type='block' device='cdrom'><source/><target dev='sda' bus='sata'/></disk></devices>",
	"an empty file disk":            "<devices><disk type='file' device='cdrom'><source/><target dev='sda' bus='sata'/></disk></devices>",
	"an empty block disk, hard":     "<devices><disk type='block'><source/><target dev='vda'/></disk></devices>",
	"an empty block with policy":    "<devices><disk type='block' device='cdrom'><source startupPolicy='optional'/><target dev='sda' bus='sata'/></disk></devices>",
	"a device of the host, any":     "<devices><hostdev mode='subsystem' type='usb'><source/></hostdev></devices>",
	"a device of the host, policy":  "<devices><hostdev mode='subsystem' type='usb'><source startupPolicy='optional'/></hostdev></devices>",
	"a device of the host, bus 0":   "<devices><hostdev mode='subsystem' type='usb'><source><address bus='0' device='0'/></source></hostdev></devices>",
	"a display without extent":      "<devices><video><model type='vga'><resolution x='0' y='0'/></model></video></devices>",
	"a display of one extent":       "<devices><video><model type='vga'><resolution x='0' y='7'/></model></video></devices>",
	"tiny shared memory":            "<devices><shmem name='a'><model type='ivshmem-plain'/><size unit='bytes'>1</size></shmem></devices>",
	"no shared memory":              "<devices><shmem name='a'><model type='ivshmem-plain'/><size unit='bytes'>0</size></shmem></devices>",
	"odd shared memory":             "<devices><shmem name='a'><model type='ivshmem-plain'/><size unit='KiB'>1000</size></shmem></devices>",
	"much shared memory":            "<devices><shmem name='a'><model type='ivshmem-plain'/><size unit='KiB'>3000</size></shmem></devices>",
	"metadata without a namespace":  "<metadata><a/></metadata>",
	"metadata with a text":          "<metadata>text</metadata>",
	"metadata, more of a namespace": "<metadata><a:x xmlns:a='urn:a'/><a:y xmlns:a='urn:a'/></metadata>",
	"metadata with a default one":   "<metadata><x xmlns='urn:a'><y/></x></metadata>",
	"metadata with comments":        "<metadata><!-- c --><a:x xmlns:a='urn:a'/></metadata>",
	"empty metadata":                "<metadata/>",
}

// What is written of a document is read as the same document.
func TestOddDocumentsStayTheSame(t *testing.T) {
	for name, inside := range oddities {
		t.Run(name, func(t *testing.T) {
			for _, o := range []domain.FormatOptions{{Secure: true, Inactive: true}, {Secure: true}} {
				parse := domain.ParseOptions{Inactive: o.Inactive, SkipValidate: true}
				d, err := domain.Parse([]byte(around(inside)), parse)
				if err != nil {
					t.Errorf("refused: %v", err)
					continue
				}
				once := d.Format(o)
				again, err := domain.Parse([]byte(once), parse)
				if err != nil {
					t.Fatalf("%v\n%s", err, once)
				}
				if twice := again.Format(o); twice != once {
					t.Fatalf("once:\n%s\ntwice:\n%s", once, twice)
				}
			}
		})
	}
}
