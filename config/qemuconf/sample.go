package qemuconf

import "virtree.dev/config/conf"

// Sample is the text of a qemu.conf of system mode that changes nothing.
func Sample() string {
	return conf.Sample(settings(), New(true), map[string]any{"max_core": "unlimited", "stdio_handler": "logd", "allow_disk_format_probing": false})
}
